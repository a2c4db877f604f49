from typing import Any

from fastapi import APIRouter, status
from ondol import TooManyRequests
from ondol.web.problems import problem_responses

from app.dependencies import RegistrationServiceDep, RequestLimitsDep
from app.schemas.registration import RegistrationConfirm, RegistrationCreate
from app.schemas.users import UserRead
from app.services.registration import InvalidMailedToken
from app.services.users import EmailTaken, PasswordIsAddress

router = APIRouter(prefix="/auth/register", tags=["auth"], responses=problem_responses(TooManyRequests))


@router.post("", name="register", status_code=status.HTTP_202_ACCEPTED)
async def register(data: RegistrationCreate, registration: RegistrationServiceDep, limits: RequestLimitsDep) -> None:
    """Ask for an account. A mail to the address says how to go on; the answer here is always the same."""
    await limits.count("register", account=data.email)
    await registration.ask(data.email)


@router.post(
    "/confirm",
    name="confirm_registration",
    response_model=UserRead,
    status_code=status.HTTP_201_CREATED,
    responses=problem_responses(InvalidMailedToken, PasswordIsAddress, EmailTaken),
)
async def confirm_registration(
    data: RegistrationConfirm, registration: RegistrationServiceDep, limits: RequestLimitsDep
) -> Any:
    """Make the account, with the token that was mailed and a password."""
    await limits.count("register")
    return await registration.confirm(data)
