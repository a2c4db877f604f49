"""Authentication, authorization by scopes, and the rate limit of the whole API, as dependencies.

They are `async def` although some never await: FastAPI would run a `def` in a thread, which takes longer.
"""

from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.requests import HTTPConnection
from fastapi.security import OAuth2PasswordBearer, SecurityScopes
from fastapi.security.utils import get_authorization_scheme_param
from ondol import Unauthorized
from ondol.auth.caller import Caller
from ondol.web.client import client_of
from ondol.web.cookies import TokenCookies
from ondol.web.dependencies import runtime_of

from app.scopes import DESCRIPTIONS
from app.services.audit import note_scope_refused  # audit
from app.services.limits import Limits
from app.services.sessions import authenticate

oauth2_scheme = OAuth2PasswordBearer(
    tokenUrl="api/v1/auth/token",  # relative: a proxy in front may strip a path prefix
    scopes={scope.value: text for scope, text in DESCRIPTIONS.items()},
    auto_error=False,  # in browser mode the token comes in a cookie
)
BearerToken = Annotated[str | None, Depends(oauth2_scheme)]


async def authenticated(request: Request, response: Response) -> Caller:
    """Return the caller, without checking scopes. 401 without a valid token.

    It declares no security scheme: FastAPI would run it once per set of scopes, and the request would count twice.
    """
    runtime = runtime_of(request)
    scheme, bearer = get_authorization_scheme_param(request.headers.get("Authorization"))
    token = bearer if scheme.lower() == "bearer" else TokenCookies(request, response, runtime.settings).access_token()
    if not token:
        raise Unauthorized
    caller = await authenticate(runtime, token)
    if runtime.settings.limits.api_account:
        await Limits(runtime, client_of(request)).count_account("api", str(caller.user_id))
    return caller


async def current_user(
    needed: SecurityScopes,
    caller: Annotated[Caller, Depends(authenticated)],
    connection: HTTPConnection,  # audit
    documented: BearerToken,  # documents the scheme in OpenAPI
) -> Caller:
    """Return the caller. 401 without a valid token, 403 without the scopes of the route."""
    if refused := caller.refusal(needed.scopes):
        origin = runtime_of(connection), client_of(connection)  # audit
        await note_scope_refused(*origin, caller, refused.members["missing"])  # audit
        raise refused
    return caller


async def limit_api(connection: HTTPConnection) -> None:
    """Count every request by client address, if LIMITS__API_ADDRESS is set."""
    await Limits(runtime_of(connection), client_of(connection)).count("api")
