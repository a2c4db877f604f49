from typing import Any

from fastapi import APIRouter, status
from ondol import TooManyRequests
from ondol.web.problems import problem_responses

from app.dependencies import AccountWriter, EmailChangeServiceDep, RequestLimitsDep
from app.schemas.email_change import EmailChangeConfirm, EmailChangeCreate
from app.schemas.users import UserRead
from app.services.registration import InvalidMailedToken
from app.services.users import EmailTaken, WrongPassword

router = APIRouter(prefix="/auth/email-change", tags=["auth"], responses=problem_responses(TooManyRequests))


@router.post(
    "",
    name="ask_email_change",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problem_responses(WrongPassword),
)
async def ask_email_change(
    data: EmailChangeCreate, user: AccountWriter, changes: EmailChangeServiceDep, limits: RequestLimitsDep
) -> None:
    """Ask for another e-mail address. A token is mailed to it, and a notice to the present one."""
    await limits.count("reset", account=str(user.user_id))
    await changes.ask(data, user)


@router.post(
    "/confirm",
    name="change_email",
    response_model=UserRead,
    responses=problem_responses(InvalidMailedToken, EmailTaken),
)
async def change_email(data: EmailChangeConfirm, changes: EmailChangeServiceDep, limits: RequestLimitsDep) -> Any:
    """Change the address, with the token that was mailed to the new one."""
    await limits.count("reset")
    return await changes.confirm(data.token.get_secret_value())
