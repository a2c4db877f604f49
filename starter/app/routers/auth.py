from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Depends, status
from fastapi.security import OAuth2PasswordRequestForm
from ondol.web.problems import problem_responses

from app.dependencies import AuthServiceDep, CurrentUser, OndolDep, UserServiceDep
from app.schemas.auth import RefreshRequest, TokenPair
from app.schemas.users import UserCreate, UserRead
from app.services.auth import InvalidRefreshToken, WrongCredentials
from app.services.last_seen import stamp_last_seen
from app.services.users import EmailTaken

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post(
    "/register",
    name="register",
    response_model=UserRead,
    status_code=status.HTTP_201_CREATED,
    responses=problem_responses(EmailTaken),
)
async def register(data: UserCreate, users: UserServiceDep) -> Any:
    """Make an account."""
    return await users.register(data)


@router.post("/token", name="token", responses=problem_responses(WrongCredentials))
async def log_in(
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
    auth: AuthServiceDep,
    background: BackgroundTasks,
    ondol: OndolDep,
) -> TokenPair:
    """Log in: the OAuth2 password flow. `username` is the e-mail address."""
    pair, user_id = await auth.log_in(form.username, form.password, form.scopes)
    # After the response, and lost if the process dies now: fine for a stamp. What must not be lost is a job.
    background.add_task(stamp_last_seen, ondol.database, user_id)
    return pair


@router.post("/refresh", name="refresh", responses=problem_responses(InvalidRefreshToken))
async def refresh(data: RefreshRequest, auth: AuthServiceDep) -> TokenPair:
    """Exchange a refresh token for a new pair. Each is good for one use."""
    return await auth.refresh(data.refresh_token.get_secret_value())


@router.post("/logout", name="logout", status_code=status.HTTP_204_NO_CONTENT)
async def log_out(user: CurrentUser, auth: AuthServiceDep) -> None:
    """End this session, everywhere and at once."""
    await auth.log_out(user)
