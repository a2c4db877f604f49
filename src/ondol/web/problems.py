"""Problems as answers: `application/problem+json` (RFC 9457), the same for every error there is."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from ondol.db.constraints import problem_for, reason_of
from ondol.errors import Problem, code_for, encoded_problem, phrase
from ondol.web.routes import allowed_at

log = structlog.stdlib.get_logger("ondol")

MEDIA_TYPE = "application/problem+json"
REF = "#/components/schemas/ondol:{model}"
"""How our schemas are referred to until `install_openapi` gives them names: a colon is in no model's name."""
MAX_ERRORS = 20
MAX_TEXT = 200


class ProblemBody(BaseModel):
    """What every error answers (RFC 9457)."""

    model_config = ConfigDict(extra="allow", title="Problem")

    type: str = Field("about:blank", description="A URI for the kind of problem.")
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is nothing here."])
    code: str = Field(description="Stable, for programs.", examples=["not_found"])
    request_id: str | None = Field(None, description="Also in the header X-Request-ID and in the logs.")


class FieldError(BaseModel):
    """One reason why a request was refused."""

    loc: list[str | int] = Field(examples=[["body", "price"]])
    msg: str = Field(examples=["Input should be greater than or equal to 0"])
    type: str = Field(examples=["greater_than_equal"])


class ValidationProblemBody(ProblemBody):
    """The answer 422: every field that is wrong, and why. Values are never repeated."""

    model_config = ConfigDict(extra="allow", title="ValidationProblem")

    errors: list[FieldError]


def problem_response(
    status: int, *, code: str, detail: str, headers: Mapping[str, str] | None = None, **members: Any
) -> Response:
    """The answer for a problem, with the id of the request under way."""
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    content = encoded_problem(status, detail, code=code, request_id=request_id, **members)
    return Response(content, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def response_for(problem: Problem) -> Response:
    return problem_response(
        problem.status, code=problem.code, detail=problem.detail, headers=problem.headers, **problem.members
    )


def install_problems(app: FastAPI, *, fastapi_validation_body: bool = False) -> None:
    """Answers every error of `app` as a problem.

    `fastapi_validation_body=True` leaves 422 as FastAPI makes it (`{"detail": [...]}`).
    """
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(SQLAlchemyError, _on_database_error)
    if not fastapi_validation_body:
        app.add_exception_handler(RequestValidationError, on_validation_error)


def problem_responses(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """For `responses=` of a route or router: the problems it can answer, with an example of each."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        answer = by_status.setdefault(
            kind.status,
            {
                "description": phrase(kind.status),
                "content": {
                    MEDIA_TYPE: {"schema": {"$ref": REF.format(model="Problem")}, "examples": {}},
                },
            },
        )
        example = {"type": "about:blank", "title": kind.title, "status": kind.status, "detail": kind.detail}
        answer["content"][MEDIA_TYPE]["examples"][kind.code] = {"value": {**example, "code": kind.code}}
    return by_status


async def _on_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return response_for(error)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status, headers = error.status_code, error.headers
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        # The router names the methods of one route; a path may have several (RFC 9110, section 15.5.6).
        headers = {"Allow": allowed_at(request.app, request.scope)}
    return problem_response(status, code=code_for(status), detail=str(error.detail), headers=headers)


async def _on_database_error(_: Request, error: Exception) -> Response:
    problem = problem_for(error)
    if problem is None:
        raise error  # a defect: the middleware answers 500 and logs the trace
    if problem.status >= 500:
        log.warning("database_unavailable", **reason_of(error))
    return response_for(problem)


async def on_validation_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    return problem_response(
        422,
        code="validation_failed",
        detail=f"{len(found)} value{'s are' if len(found) != 1 else ' is'} not acceptable.",
        errors=list(_field_errors(found[:MAX_ERRORS])),
    )


def _field_errors(errors: Iterable[Any]) -> Iterable[dict[str, Any]]:
    """Location, message and type; never the input, which may be a password."""
    for error in errors:
        loc = [part[:MAX_TEXT] if isinstance(part, str) else part for part in error["loc"]]
        yield {"loc": loc, "msg": str(error["msg"])[:MAX_TEXT], "type": error["type"]}
