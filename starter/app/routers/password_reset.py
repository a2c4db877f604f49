from typing import Annotated

from fastapi import APIRouter, Depends, Response, status
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
    response_class=Response,
    openapi_extra=public("A user who forgot the password cannot log in."),
)
async def ask_password_reset(data: PasswordResetCreate, resets: PasswordResets) -> None:
    """Request a password-reset e-mail. The response is the same whether or not the account exists."""
    await resets.ask(data.email)


@router.post(
    "/confirm",
    name="reset_password",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(InvalidMailedToken, PasswordIsAddress),
    openapi_extra=public("The mailed token authenticates the caller."),
)
async def reset_password(data: PasswordResetConfirm, resets: PasswordResets, cookies: TokenCookiesDep) -> None:
    """Set a new password with the mailed token. Every session of the account ends."""
    device_token = await resets.confirm(data.token.get_secret_value(), data.new_password.get_secret_value())
    cookies.remember_device(device_token)
