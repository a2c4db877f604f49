"""Problems: errors with their HTTP status and a description for the OpenAPI document (RFC 9457).

Services raise them; only the web layer knows HTTP. Define one for each rule of a service, as a subclass with a `code`:

    from ondol.errors import Conflict
    class OutOfStock(Conflict):
        code = "out_of_stock"
        detail = "There is not enough stock for this order."
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

# RFC 9110's names; Python's differ between versions.
_PHRASES = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}


class Problem(Exception):
    """An error that the client sees.

    `code` is stable and machine-readable; `detail` is for people and may change. Keyword arguments become members of
    the response (RFC 9457, section 3.2), so they must be JSON-serialisable and not secret.
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal Server Error"
    code: ClassVar[str] = "internal_error"
    detail: str = "An unexpected error occurred. It has been recorded."

    def __init__(self, detail: str | None = None, *, headers: Mapping[str, str] | None = None, **members: Any) -> None:
        self.detail = detail or type(self).detail
        self.headers = dict(headers or {})
        self.members = members
        super().__init__(self.detail)


class BadRequest(Problem):
    status = 400
    title = "Bad Request"
    code = "bad_request"
    detail = "The request is malformed."


class Unauthorized(Problem):
    """The request has no valid credentials. The response carries the challenge that RFC 6750 requires."""

    status = 401
    title = "Unauthorized"
    code = "unauthorized"
    detail = "The access token is missing, invalid or expired. Log in first."

    def __init__(self, detail: str | None = None, *, headers: Mapping[str, str] | None = None, **members: Any) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer", **(headers or {})}, **members)


class Forbidden(Problem):
    status = 403
    title = "Forbidden"
    code = "forbidden"
    detail = "You do not have permission."


class NotFound(Problem):
    """The resource does not exist, or another owner has it; the response does not reveal which."""

    status = 404
    title = "Not Found"
    code = "not_found"
    detail = "Not found."


class Conflict(Problem):
    status = 409
    title = "Conflict"
    code = "conflict"
    detail = "The request conflicts with the current state."


class PreconditionFailed(Problem):
    """The client's If-Match names a version other than the current one."""

    status = 412
    title = "Precondition Failed"
    code = "precondition_failed"
    detail = "This has changed since you read it. Read it again and repeat your change."


class TooManyRequests(Problem):
    status = 429
    title = "Too Many Requests"
    code = "too_many_requests"
    detail = "Too many requests. Wait as long as Retry-After says."


class Unavailable(Problem):
    """A server that this service depends on does not answer. The client may retry the request."""

    status = 503
    title = "Service Unavailable"
    code = "unavailable"
    detail = "The service is temporarily unavailable. Try again."

    def __init__(
        self,
        detail: str | None = None,
        *,
        retry_after_seconds: int = 1,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_seconds), **(headers or {})}, **members)


class TimedOut(Unavailable):
    code = "timed_out"
    detail = "The request timed out."


KINDS: dict[int, type[Problem]] = {
    kind.status: kind
    for kind in (
        *(Problem, BadRequest, Unauthorized, Forbidden, NotFound, Conflict, PreconditionFailed),
        *(TooManyRequests, Unavailable),
    )
}
"""The problem of a status, for errors that name no more than that."""


def phrase(status: int) -> str:
    """Return the name of an HTTP status: `Not Found`."""
    return _PHRASES.get(status) or next((known.phrase for known in HTTPStatus if known == status), "Error")


def code_for(status: int) -> str:
    """Return the default error code of a status: `not_found`, `content_too_large`."""
    return Unavailable.code if status == Unavailable.status else phrase(status).lower().replace(" ", "_")


def encoded_problem(status: int, detail: str, **members: Any) -> bytes:
    """Return the JSON body of a problem (RFC 9457). `members` may contain its `code`."""
    body = {
        "type": "about:blank",
        "title": phrase(status),
        "status": status,
        "detail": detail,
        "code": code_for(status),
        **members,
    }
    # A lone surrogate from the request cannot be encoded; it becomes a question mark.
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=str).encode(errors="replace")
