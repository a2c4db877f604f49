from fastapi import APIRouter, status
from ondol import TooManyRequests
from ondol.web.problems import problem_responses

from app.dependencies import OndolDep, PasswordResetServiceDep, RequestLimitsDep, TokenCookiesDep
from app.schemas.password_reset import PasswordResetConfirm, PasswordResetCreate
from app.services.registration import InvalidMailedToken
from app.services.users import PasswordIsAddress

router = APIRouter(prefix="/auth/password-reset", tags=["auth"], responses=problem_responses(TooManyRequests))


@router.post("", name="ask_password_reset", status_code=status.HTTP_202_ACCEPTED)
async def ask_password_reset(
    data: PasswordResetCreate, resets: PasswordResetServiceDep, limits: RequestLimitsDep
) -> None:
    """Have a link mailed that sets a new password. The answer is the same whether there is such an account."""
    await limits.count("reset", account=data.email)
    await resets.ask(data.email)


@router.post(
    "/confirm",
    name="reset_password",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(InvalidMailedToken, PasswordIsAddress),
)
async def reset_password(
    data: PasswordResetConfirm,
    resets: PasswordResetServiceDep,
    limits: RequestLimitsDep,
    cookies: TokenCookiesDep,
    ondol: OndolDep,
) -> None:
    """Set a new password, with the token that was mailed. Every session of the account ends."""
    await limits.count("reset")
    subject = await resets.confirm(data.token.get_secret_value(), data.new_password.get_secret_value())
    # Whoever reads the owner's mail is no stranger to the account, even while it is under attack.
    cookies.remember_device(ondol.device_tokens.issue(subject))
