"""Who may call: the dependencies behind every operation that names scopes, and the limit of the whole API.

They are `async def` though they may wait for nothing: FastAPI would run a `def` in a thread, which takes longer.
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
    tokenUrl="api/v1/auth/token",  # relative: a proxy in front may take off a part of the path
    scopes={scope.value: text for scope, text in DESCRIPTIONS.items()},
    auto_error=False,  # in browser mode the token comes in a cookie
)
BearerToken = Annotated[str | None, Depends(oauth2_scheme)]


async def authenticated(request: Request, response: Response) -> Caller:
    """Return the caller, whatever they may do. 401 without a valid token.

    It takes no security scheme: FastAPI would run it again for each set of scopes, and the request would count twice.
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
    documented: BearerToken,  # so that the OpenAPI document says how to authenticate
) -> Caller:
    """Return the caller. 401 without a valid token, 403 without the scopes that the route names."""
    if refused := caller.refusal(needed.scopes):
        origin = runtime_of(connection), client_of(connection)  # audit
        await note_scope_refused(*origin, caller, refused.members["missing"])  # audit
        raise refused
    return caller


async def limit_api(connection: HTTPConnection) -> None:
    """Count every request by its address, if LIMITS__API_ADDRESS is set."""
    await Limits(runtime_of(connection), client_of(connection)).count("api")
