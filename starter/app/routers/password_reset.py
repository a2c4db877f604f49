from typing import Annotated

from fastapi import APIRouter, Depends, status
from ondol import TooManyRequests
from ondol.web.cookies import TokenCookiesDep
from ondol.web.problems import problem_responses
from ondol.web.public import public
from ondol.web.unit_of_work import in_transaction

from app.schemas.password_reset import PasswordResetConfirm, PasswordResetCreate
from app.services.mailed_tokens import InvalidMailedToken
from app.services.password_reset import PasswordResetService
from app.services.users import PasswordIsAddress

router = APIRouter(prefix="/auth/password-reset", tags=["auth"], responses=problem_responses(TooManyRequests))

PasswordResets = Annotated[PasswordResetService, Depends(in_transaction(PasswordResetService))]


@router.post(
    "",
    name="ask_password_reset",
    status_code=status.HTTP_202_ACCEPTED,
    openapi_extra=public("Without the password nobody can log in first."),
)
async def ask_password_reset(data: PasswordResetCreate, resets: PasswordResets) -> None:
    """Have a link mailed that sets a new password. The answer is the same whether there is such an account."""
    await resets.ask(data.email)


@router.post(
    "/confirm",
    name="reset_password",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(InvalidMailedToken, PasswordIsAddress),
    openapi_extra=public("The mailed token says who calls."),
)
async def reset_password(data: PasswordResetConfirm, resets: PasswordResets, cookies: TokenCookiesDep) -> None:
    """Set a new password, with the token that was mailed. Every session of the account ends."""
    device_token = await resets.confirm(data.token.get_secret_value(), data.new_password.get_secret_value())
    cookies.remember_device(device_token)
