from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Form, Response, status
from fastapi.security import OAuth2PasswordRequestForm
from ondol import TooManyRequests
from ondol.auth.tokens import TokenPair
from ondol.web.cookies import ForgedRequest
from ondol.web.problems import problem_responses

from app.dependencies import AuthServiceDep, BearerToken, OndolDep, RequestLimitsDep, TokenCookiesDep
from app.schemas.auth import RefreshRequest
from app.services.auth import InvalidRefreshToken, WrongCredentials
from app.services.last_seen import stamp_last_seen

router = APIRouter(prefix="/auth", tags=["auth"], responses=problem_responses(TooManyRequests, ForgedRequest))


@router.post("/token", name="token", responses=problem_responses(WrongCredentials))
async def log_in(
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
    auth: AuthServiceDep,
    limits: RequestLimitsDep,
    cookies: TokenCookiesDep,
    background: BackgroundTasks,
    ondol: OndolDep,
) -> TokenPair:
    """Log in: the OAuth2 password flow. `username` is the e-mail address."""
    cookies.refuse_forgery()
    claimed = await auth.claimed(form.username)
    device = ondol.device_tokens.device_of(cookies.device_token, claimed.device_subject)
    await limits.count("login", account=claimed.account, device=device)
    logged_in = await auth.log_in(claimed, form.password, form.scopes)
    await limits.give_back("login", account=claimed.account, device=device)
    cookies.remember_device(ondol.device_tokens.issue(logged_in.device_subject, device))
    # After the response, and lost if the process dies now: fine for a stamp. What must not be lost is a job.
    background.add_task(stamp_last_seen, ondol.database, logged_in.user_id)
    return cookies.deliver(logged_in.pair)


@router.post("/refresh", name="refresh", responses=problem_responses(InvalidRefreshToken))
async def refresh(
    auth: AuthServiceDep, limits: RequestLimitsDep, cookies: TokenCookiesDep, data: RefreshRequest | None = None
) -> TokenPair:
    """Exchange a refresh token for a new pair. Each is good for one use. In browser mode it comes by its cookie."""
    cookies.refuse_forgery()
    await limits.count("refresh")
    token = data.refresh_token.get_secret_value() if data else cookies.refresh_token()
    if token is None:
        raise InvalidRefreshToken
    pair, user_id = await auth.refresh(token)
    await limits.count_account("refresh", str(user_id))
    return cookies.deliver(pair)


@router.post("/revoke", name="revoke", response_class=Response)
async def revoke(
    token: Annotated[str, Form(min_length=1, max_length=4_096, description="An access or a refresh token.")],
    auth: AuthServiceDep,
    limits: RequestLimitsDep,
    token_type_hint: Annotated[str | None, Form(max_length=50, description="Not needed.")] = None,
) -> None:
    """End the session a token belongs to (RFC 7009). 200 also for what is no token of ours."""
    await limits.count("refresh")
    await auth.revoke(token)


@router.post("/logout", name="logout", status_code=status.HTTP_204_NO_CONTENT)
async def log_out(bearer: BearerToken, auth: AuthServiceDep, cookies: TokenCookiesDep) -> None:
    """End this session, everywhere and at once. In browser mode also when its access token has expired."""
    await auth.log_out(bearer or cookies.access_token(), cookies.refresh_token())
    cookies.clear()
