"""Problems as responses: `application/problem+json` (RFC 9457), the same for every error.

Use `install_problems` for an application without `install`, and `problem_responses` for a route's document.

    from fastapi import FastAPI
    from fastapi.testclient import TestClient
    from ondol.web.problems import install_problems
    app = FastAPI()
    install_problems(app)
    assert TestClient(app).get("/nothing").json()["code"] == "not_found"
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from http.client import responses
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_jsonable_python
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from ondol.db.constraints import problem_for, reason_of
from ondol.errors import KINDS, Problem, code_for, encoded_problem, phrase
from ondol.languages import ENGLISH, Languages
from ondol.web.routes import allowed_at

log = structlog.stdlib.get_logger("ondol")

MEDIA_TYPE = "application/problem+json"
REF = "#/components/schemas/ondol:{model}"
"""A provisional reference to a schema, until `install_openapi` names it: model names cannot contain a colon."""
VALIDATION_FAILED = "validation_failed"
MAX_ERRORS = 20
MAX_TEXT = 200
_SAID_BY_OTHERS = {"There was an error parsing the body"}  # FastAPI's, of a body that cannot be read
SAFE_CONTEXT = {
    *("currency", "decimal_places", "encoding", "expected", "expected_schemes", "expected_tags", "expected_version"),
    *("ge", "gt", "le", "lt", "max_depth", "max_digits", "max_length", "min_length", "multiple_of", "pattern"),
    *("tz_expected", "whole_digits"),
}
"""The values of Pydantic's `ctx` that are sent: those of the rule, never those of the request."""


class ProblemBody(BaseModel):
    """The body of an error response (RFC 9457)."""

    model_config = ConfigDict(extra="allow", title="Problem", json_schema_serialization_defaults_required=True)

    type: str = Field("about:blank", description="URI of the problem type.")
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["Not found."])
    code: str = Field(description="Stable, machine-readable error code.", examples=["not_found"])
    request_id: str | None = Field(None, description="Also in the header X-Request-ID and in the logs.")


class FieldError(BaseModel):
    """One reason why a request was refused."""

    loc: list[str | int] = Field(examples=[["body", "price"]])
    msg: str = Field(examples=["Input should be greater than or equal to 0"])
    type: str = Field(examples=["greater_than_equal"])
    ctx: dict[str, Any] = Field(description="The values in `msg`, for clients that translate it.", examples=[{"ge": 0}])


class ValidationProblemBody(ProblemBody):
    """The body of a 422 response: each invalid field and the reason. Rejected values are not included."""

    model_config = ConfigDict(extra="allow", title="ValidationProblem")

    errors: list[FieldError]


@dataclass(frozen=True)
class ProblemDetails:
    """The content of an error response. A 422 has `members["errors"]`, each like FieldError.

    `kinds`: its code and the codes of its base problems, to look up the translation; empty if the detail is not the
    default of its kind.
    """

    status: int
    code: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, Any] = field(default_factory=dict)
    kinds: Sequence[str] = ()
    request_id: str | None = field(default_factory=lambda: structlog.contextvars.get_contextvars().get("request_id"))

    @classmethod
    def of(cls, problem: Problem) -> "ProblemDetails":
        """Return the content for a problem that was raised."""
        kind = type(problem)
        codes = [base.code for base in kind.__mro__ if issubclass(base, Problem) and base is not Problem]
        kinds = (codes or [problem.code]) if problem.detail == kind.detail else []
        return cls(problem.status, problem.code, problem.detail, problem.headers, problem.members, kinds)

    @classmethod
    def of_status(cls, status: int, detail: str = "", headers: Mapping[str, str] | None = None) -> "ProblemDetails":
        """Return what an error tells that has no more than a status, and perhaps a text of its own."""
        code, known = code_for(status), {"", phrase(status), responses.get(status, ""), *_SAID_BY_OTHERS}
        if detail not in known:
            return cls(status, code, detail, headers or {})
        detail = KINDS[status].detail if status in KINDS else phrase(status)
        return cls(status, code, detail, headers or {}, kinds=[code])


def problem_json(problem: ProblemDetails) -> Response:
    """Return the response in the format of RFC 9457."""
    about = {"code": problem.code, **problem.members, "request_id": problem.request_id}
    content = encoded_problem(problem.status, problem.detail, **about)
    return Response(content, problem.status, headers=dict(problem.headers), media_type=MEDIA_TYPE)


Answer = Callable[[ProblemDetails], Response]


@dataclass(frozen=True)
class ErrorBodies:
    """The format of all error responses, including 404, 405, 422, body limits, timeouts and 500.

    `answer` makes the response, with the problem's headers. `model` and `validation_model` (422) describe its body in
    the OpenAPI document. Requests that the server refuses before the application always get RFC 9457's format.
    `languages`: translations of the messages, chosen by Accept-Language.
    """

    answer: Answer = problem_json
    model: type[BaseModel] = ProblemBody
    validation_model: type[BaseModel] = ValidationProblemBody
    languages: Languages | None = None

    def respond(self, problem: ProblemDetails, accept_language: str) -> Response:
        """Return the answer in the language that the client prefers."""
        if self.languages is None:
            return self.answer(problem)
        language = self.languages.preferred(accept_language)
        detail = self.languages.problem(language, problem.kinds)
        members = _members(problem, language, self.languages)
        response = self.answer(replace(problem, detail=detail or problem.detail, members=members))
        if len(self.languages.names) > 1:
            # A message without a translation is in the language of the code.
            response.headers.setdefault("Content-Language", language if detail else ENGLISH)
            vary = response.headers.get("Vary")
            response.headers["Vary"] = f"{vary}, Accept-Language" if vary else "Accept-Language"
        return response


def install_problems(app: FastAPI, bodies: ErrorBodies | None = None) -> None:
    """Answer every error of `app` as a problem (RFC 9457), or in the project's own format (`bodies`)."""
    handlers = _Handlers(bodies or ErrorBodies())
    app.add_exception_handler(Problem, handlers.on_problem)
    app.add_exception_handler(HTTPException, handlers.on_http_exception)
    app.add_exception_handler(SQLAlchemyError, handlers.on_database_error)
    app.add_exception_handler(RequestValidationError, handlers.on_validation_error)


def bodies_of(app: FastAPI, error: type[Exception]) -> ErrorBodies | None:
    """Return the format of `app` for an error; None if the project has its own handler."""
    handlers = getattr(app.exception_handlers.get(error), "__self__", None)
    return handlers.bodies if isinstance(handlers, _Handlers) else None


_WAIT = {"headers": {"Retry-After": {"description": "Seconds to wait (RFC 9110).", "schema": {"type": "integer"}}}}


def problem_responses(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses=` of a route or router: the problems it can return, with an example of each."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        answer = by_status.setdefault(
            kind.status,
            {
                "description": phrase(kind.status),
                "content": {
                    MEDIA_TYPE: {"schema": {"$ref": REF.format(model="Problem")}, "examples": {}},
                },
                **(_WAIT if kind.status in (429, 503) else {}),
            },
        )
        example = {"type": "about:blank", "title": kind.title, "status": kind.status, "detail": kind.detail}
        answer["content"][MEDIA_TYPE]["examples"][kind.code] = {"value": {**example, "code": kind.code}}
    return by_status


class _Handlers:
    def __init__(self, bodies: ErrorBodies) -> None:
        self.bodies = bodies

    async def on_problem(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        if error.status >= 500:
            log.warning(error.code, **reason_of(error))
        return self._respond(request, ProblemDetails.of(error))

    async def on_http_exception(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        status, headers = error.status_code, error.headers or {}
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            # The router names the methods of one route; a path may have several (RFC 9110, section 15.5.6).
            headers = {"Allow": allowed_at(request.app, request.scope)}
        return self._respond(request, ProblemDetails.of_status(status, str(error.detail), headers))

    async def on_database_error(self, request: Request, error: Exception) -> Response:
        problem = problem_for(error)
        if problem is None:
            raise error  # a bug: the middleware answers 500 and logs the stack trace
        if problem.status >= 500:
            log.warning("database_unavailable", **reason_of(error))
        return self._respond(request, ProblemDetails.of(problem))

    async def on_validation_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        found = error.errors()
        detail = f"{len(found)} field{'s' if len(found) != 1 else ''} failed validation."
        members = {"errors": list(_field_errors(found[:MAX_ERRORS]))}
        problem = ProblemDetails(422, VALIDATION_FAILED, detail, members=members, kinds=[VALIDATION_FAILED])
        return self._respond(request, problem)

    def _respond(self, request: Request, problem: ProblemDetails) -> Response:
        return self.bodies.respond(problem, request.headers.get("Accept-Language", ""))


def _field_errors(errors: Iterable[Any]) -> Iterable[dict[str, Any]]:
    """Yield location, message, type and the rule's values of each error, without the input, which may be a password."""
    for error in errors:
        loc = [part[:MAX_TEXT] if isinstance(part, str) else part for part in error["loc"]]
        context = error.get("ctx", {})
        # Use the text of a ValueError without Pydantic's prefix "Value error, ".
        message = str(context["error"] if isinstance(context.get("error"), ValueError) else error["msg"])[:MAX_TEXT]
        told = to_jsonable_python({name: value for name, value in context.items() if name in SAFE_CONTEXT})
        yield {"loc": loc, "msg": message, "type": error["type"], "ctx": told}


def _members(problem: ProblemDetails, language: str, languages: Languages) -> Mapping[str, Any]:
    """Return the members, with the messages of field errors in `language`."""
    if problem.code != VALIDATION_FAILED:
        return problem.members
    errors = [{**each, "msg": _message(each, language, languages)} for each in problem.members["errors"]]
    return {**problem.members, "errors": errors}


def _message(error: Mapping[str, Any], language: str, languages: Languages) -> str:
    return languages.field(language, error["type"], error["ctx"]) or str(error["msg"])
