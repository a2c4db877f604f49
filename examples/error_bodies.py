"""Errors in your own format instead of RFC 9457's: one function for all errors.

`FASTAPIS` is FastAPI's format; `BY_FIELD` is the format of Laravel and Rails: `{"errors": {"price": […]}}`.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from ondol import NotFound
from ondol.web.problems import ErrorBodies, ProblemDetails, install_problems


class Detail(BaseModel):
    detail: str


class FieldDetails(BaseModel):
    detail: list[dict[str, Any]]


def as_fastapi(problem: ProblemDetails) -> JSONResponse:
    detail = problem.members.get("errors", problem.detail)
    return JSONResponse({"detail": detail}, problem.status, headers=dict(problem.headers))


class Errors(BaseModel):
    errors: dict[str, list[str]]


def by_field(problem: ProblemDetails) -> JSONResponse:
    errors: dict[str, list[str]] = {}
    for error in problem.members.get("errors", ()):
        errors.setdefault(".".join(map(str, error["loc"][1:])), []).append(error["msg"])
    content = {"errors": errors or {"base": [problem.detail]}}
    return JSONResponse(content, problem.status, headers=dict(problem.headers))


FASTAPIS = ErrorBodies(as_fastapi, model=Detail, validation_model=FieldDetails)
BY_FIELD = ErrorBodies(by_field, model=Errors, validation_model=Errors)

app = FastAPI()
install_problems(app, BY_FIELD)  # with everything else of Ondol: install(app, runtime, errors=BY_FIELD)


@app.get("/rooms/{name}")
async def room(name: str, floor: int = 1) -> dict[str, int]:
    if name != "kitchen":
        raise NotFound("This house has no such room.")
    return {name: floor}
