from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Form, Response, status
from fastapi.security import OAuth2PasswordRequestForm
from ondol import TooManyRequests
from ondol.auth.tokens import TokenPair
from ondol.web.cookies import ForgedRequest, TokenCookiesDep, refuse_forgery
from ondol.web.dependencies import RuntimeDep
from ondol.web.problems import problem_responses
from ondol.web.public import public
from ondol.web.unit_of_work import in_transaction

from app.access import BearerToken
from app.schemas.auth import RefreshRequest
from app.services.auth import AuthService, InvalidRefreshToken, WrongCredentials
from app.services.last_seen import stamp_last_seen

router = APIRouter(prefix="/auth", tags=["auth"], responses=problem_responses(TooManyRequests, ForgedRequest))

Auth = Annotated[AuthService, Depends(in_transaction(AuthService))]


@router.post(
    "/token",
    name="token",
    dependencies=[Depends(refuse_forgery)],
    responses=problem_responses(WrongCredentials),
    openapi_extra=public("The password authenticates the caller."),
)
async def log_in(
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
    auth: Auth,
    cookies: TokenCookiesDep,
    background: BackgroundTasks,
    runtime: RuntimeDep,
) -> TokenPair:
    """Log in with the OAuth2 password flow. `username` is the e-mail address."""
    logged_in = await auth.log_in(form.username, form.password, form.scopes, device_token=cookies.device_token)
    # Runs after the response and is lost if the process dies: acceptable for a timestamp. Use a job for the rest.
    background.add_task(stamp_last_seen, runtime, logged_in.user_id)
    cookies.remember_device(logged_in.device_token)
    return cookies.deliver(logged_in.tokens)


@router.post(
    "/refresh",
    name="refresh",
    dependencies=[Depends(refuse_forgery)],
    responses=problem_responses(InvalidRefreshToken),
    openapi_extra=public("The refresh token authenticates the caller."),
)
async def refresh_tokens(auth: Auth, cookies: TokenCookiesDep, data: RefreshRequest | None = None) -> TokenPair:
    """Exchange a refresh token for a new pair. It can be used once. In browser mode it is read from its cookie."""
    token = data.refresh_token.get_secret_value() if data else cookies.refresh_token()
    return cookies.deliver(await auth.refresh(token or ""))


@router.post(
    "/revoke",
    name="revoke",
    response_class=Response,
    openapi_extra=public("The token to revoke authenticates the caller (RFC 7009)."),
)
async def revoke_token(
    token: Annotated[str, Form(min_length=1, max_length=4_096, description="An access or refresh token.")],
    auth: Auth,
    token_type_hint: Annotated[str | None, Form(max_length=50, description="Ignored.")] = None,
) -> None:
    """End the session that a token belongs to (RFC 7009). Return 200 for unknown tokens too."""
    await auth.revoke(token)


@router.post(
    "/logout",
    name="logout",
    status_code=status.HTTP_204_NO_CONTENT,
    openapi_extra=public("A session can be ended even when its access token has expired."),
)
async def log_out(bearer: BearerToken, auth: Auth, cookies: TokenCookiesDep) -> None:
    """End the current session at once. In browser mode this works even when the access token has expired."""
    await auth.log_out(bearer or cookies.access_token(), cookies.refresh_token())
    cookies.clear()
