"""The parents of all schemas."""

from pydantic import BaseModel, ConfigDict


class Input(BaseModel):
    """A request body. A field it does not know is refused: a typing error is not silently ignored."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Output(BaseModel):
    """A response body: only what stands here leaves, whatever the row holds."""

    model_config = ConfigDict(from_attributes=True)
