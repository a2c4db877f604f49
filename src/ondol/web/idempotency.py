"""Idempotency-Key: process a request once, and replay its response when it is sent again.

Use it for writes that must not happen twice, such as payments. Status codes follow
draft-ietf-httpapi-idempotency-key-header-07. Responses are stored for each caller, as Stripe does, and only 2xx: a
problem rolls back, its key with it, and the next request runs again.

    from fastapi import APIRouter, Depends
    from ondol.web.idempotency import IDEMPOTENCY_PROBLEMS, IdempotentRoute, idempotency_key
    from ondol.web.problems import problem_responses
    async def current_user(): ...  # returns the Caller
    router = APIRouter(route_class=IdempotentRoute, responses=problem_responses(*IDEMPOTENCY_PROBLEMS))
    @router.post("/orders", dependencies=[idempotency_key(Depends(current_user))])
    async def place() -> None: ...
"""

import hashlib
import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Header, Request, Response
from fastapi.params import Depends as Dependency
from fastapi.routing import APIRoute
from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import DBAPIError

from ondol.auth.caller import Caller
from ondol.db.commit import allow_repeating
from ondol.db.idempotency import Claim, KeptAnswer
from ondol.errors import BadRequest, Conflict, Problem
from ondol.runtime import UnitOfWork
from ondol.web.unit_of_work import Transaction

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
MAX_LENGTH = 255
_KEY = rf'"([ !#-~]{{1,{MAX_LENGTH}}})"|([!#-~]{{1,{MAX_LENGTH}}})'
_NOT_KEPT = {"content-length", "set-cookie"}
_SCOPE = "ondol.idempotency"


class KeyMissing(BadRequest):
    code = "idempotency_key_missing"
    detail = "This operation needs an Idempotency-Key: a new value, such as a UUID, for each operation."


class InvalidKey(BadRequest):
    code = "invalid_idempotency_key"
    detail = f"Idempotency-Key must be one value of 1 to {MAX_LENGTH} printable ASCII characters."


class RequestInProgress(Conflict):
    code = "request_in_progress"
    detail = "The first request with this Idempotency-Key is still being processed. Try again shortly."


class KeyReused(Problem):
    status = 422
    title = "Unprocessable Content"
    code = "idempotency_key_reused"
    detail = "This Idempotency-Key was used for another request. Use a new key for each operation."


IDEMPOTENCY_PROBLEMS = (InvalidKey, RequestInProgress, KeyReused)


class _Replay(Exception):
    def __init__(self, answer: KeptAnswer) -> None:
        self.answer = answer


def idempotency_key(caller: Dependency, *, required: bool = False) -> Any:
    """Return a dependency for a route that writes in the request's transaction. Its router needs IdempotentRoute.

    `caller`: the route's dependency that returns the Caller; it runs once. `required`: answer 400 without a key.
    """

    async def claim(
        request: Request,
        user: Annotated[Caller, caller],
        work: Transaction,
        idempotency_key: Annotated[
            str | None,
            Header(
                alias="Idempotency-Key",
                description="A new value, such as a UUID, for each operation. A request with the same value is "
                "processed once; the first response is sent again.",
                json_schema_extra={"pattern": f"^({_KEY})$", "maxLength": MAX_LENGTH + 2},
            ),
        ] = None,
    ) -> None:
        if not isinstance(request.scope["route"], IdempotentRoute):
            raise TypeError("idempotency_key needs a route of APIRouter(route_class=IdempotentRoute).")
        if idempotency_key is None:
            if required:
                raise KeyMissing
            return
        taken = Claim(user.user_id, _checked(request), request.method, _target(request), await _digest(request))
        await _take(taken, work)
        request.scope[_SCOPE] = (taken, work)

    return Depends(claim)


class IdempotentRoute(APIRoute):
    """A route with `idempotency_key`: store its response before the transaction commits, and replay it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
            try:
                response = await handle(request)
            except _Replay as replay:
                return _replayed(replay.answer)
            if _SCOPE in request.scope:
                claim, work = request.scope[_SCOPE]
                await _keep(claim, work, response)
            return response

        return handle_once


def _checked(request: Request) -> str:
    """Return the key, with or without quotes: the draft requires them (RFC 9651), most clients omit them."""
    values = request.headers.getlist(HEADER)
    found = re.fullmatch(_KEY, values[0])
    if found is None or len(values) > 1:
        raise InvalidKey
    return str(found[1] or found[2])


def _target(request: Request) -> str:
    """Return the path and query as they were sent."""
    path: bytes = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    query: bytes = request.scope["query_string"]
    return (path.partition(b"?")[0] + b"?" + query).decode("latin-1").replace("\0", "%00")


async def _digest(request: Request) -> bytes:
    try:
        return hashlib.sha256(await request.body()).digest()
    except RuntimeError as error:  # FastAPI reads a form from the stream and does not keep the bytes
        raise TypeError("idempotency_key does not support routes that take a form.") from error


async def _take(claim: Claim, work: UnitOfWork[Any]) -> None:
    try:
        is_new = await claim.take(work.session, work.settings.http.idempotency_hours)
    except DBAPIError as error:
        if isinstance(error.orig, LockNotAvailable):
            raise RequestInProgress(headers={"Retry-After": "1"}) from error
        raise
    if not is_new:
        answer = await claim.read(work.session)
        if not answer.is_same:
            raise KeyReused
        raise _Replay(answer)
    allow_repeating(work.session)


async def _keep(claim: Claim, work: UnitOfWork[Any], response: Response) -> None:
    if not 200 <= response.status_code < 300:
        await claim.forget(work.session)
        return
    if not hasattr(response, "body"):
        raise TypeError("idempotency_key does not support routes that stream their response.")
    headers = [(name, value) for name, value in response.headers.items() if name not in _NOT_KEPT]
    await claim.keep(work.session, response.status_code, headers, bytes(response.body))


def _replayed(answer: KeptAnswer) -> Response:
    response = Response(answer.body, answer.status)
    response.raw_headers += [(name.encode(), value.encode("latin-1")) for name, value in answer.headers]
    response.headers[REPLAYED] = "true"
    return response
