"""Who may call: the dependencies behind every operation that names scopes, and the limit of the whole API.

They are `async def` though they may wait for nothing: FastAPI would run a `def` in a thread, which takes longer.
"""

from typing import Annotated

from fastapi import Depends
from fastapi.requests import HTTPConnection
from fastapi.security import OAuth2PasswordBearer, SecurityScopes
from fastapi.security.utils import get_authorization_scheme_param
from ondol import Unauthorized
from ondol.auth.caller import Caller
from ondol.web.client import ClientDep
from ondol.web.cookies import TokenCookiesDep
from ondol.web.dependencies import RuntimeDep

from app.schemas.audit import Action  # audit
from app.scopes import DESCRIPTIONS
from app.services.audit import note_denied  # audit
from app.services.limits import Limits
from app.services.sessions import authenticate

oauth2_scheme = OAuth2PasswordBearer(
    tokenUrl="/api/v1/auth/token",
    scopes={scope.value: text for scope, text in DESCRIPTIONS.items()},
    auto_error=False,  # in browser mode the token comes in a cookie
)
BearerToken = Annotated[str | None, Depends(oauth2_scheme)]


async def authenticated(
    connection: HTTPConnection, cookies: TokenCookiesDep, runtime: RuntimeDep, client: ClientDep
) -> Caller:
    """Return the caller, whatever they may do. 401 without a valid token.

    It takes no security scheme: FastAPI would run it again for each set of scopes, and the request would count twice.
    """
    scheme, bearer = get_authorization_scheme_param(connection.headers.get("Authorization"))
    token = (bearer if scheme.lower() == "bearer" else None) or cookies.access_token()
    if token is None:
        raise Unauthorized
    caller = await authenticate(runtime, token)
    await Limits(runtime, client).count_account("api", str(caller.user_id))
    return caller


async def current_user(
    needed: SecurityScopes,
    caller: Annotated[Caller, Depends(authenticated)],
    runtime: RuntimeDep,  # audit
    client: ClientDep,  # audit
    documented: BearerToken,  # so that the OpenAPI document says how to authenticate
) -> Caller:
    """Return the caller. 401 without a valid token, 403 without the scopes that the route names."""
    if refused := caller.refusal(needed.scopes):
        await note_denied(runtime, client, Action.SCOPE_REFUSED, caller, details=refused.members)  # audit
        raise refused
    return caller


async def limit_api(runtime: RuntimeDep, client: ClientDep) -> None:
    """Count every request by its address, if LIMITS__API_ADDRESS is set."""
    await Limits(runtime, client).count("api")
