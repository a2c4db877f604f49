"""JSON in camelCase, Python in snake_case: one alias generator in the base classes of the schemas."""

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from ondol.web.problems import install_problems


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, validate_by_name=True)


class Output(BaseModel):
    model_config = ConfigDict(from_attributes=True, alias_generator=to_camel, validate_by_name=True)


class RoomCreate(Input):
    hourly_price: int


class RoomRead(Output):
    hourly_price: int


app = FastAPI()
install_problems(app)


@app.post("/rooms")
async def create(data: RoomCreate) -> RoomRead:
    return RoomRead(hourly_price=data.hourly_price)
