from typing import Annotated

from fastapi import APIRouter, Depends, Response, status
from ondol import TooManyRequests
from ondol.web.conditional import with_etag
from ondol.web.dependencies import PreferredLanguage
from ondol.web.problems import problem_responses
from ondol.web.public import public
from ondol.web.unit_of_work import in_transaction

from app.schemas.registration import RegistrationConfirm, RegistrationCreate
from app.schemas.users import UserRead
from app.services.mailed_tokens import InvalidMailedToken
from app.services.registration import RegistrationService
from app.services.users import EmailTaken, PasswordIsAddress

router = APIRouter(prefix="/auth/register", tags=["auth"], responses=problem_responses(TooManyRequests))

Registrations = Annotated[RegistrationService, Depends(in_transaction(RegistrationService))]


@router.post(
    "",
    name="register",
    status_code=status.HTTP_202_ACCEPTED,
    response_class=Response,
    openapi_extra=public("A new user has no account yet."),
)
async def register(data: RegistrationCreate, registrations: Registrations, language: PreferredLanguage) -> None:
    """Request an account. A mail to the address says how to continue. The response is always the same."""
    await registrations.ask(data.email, language)


@router.post(
    "/confirm",
    name="confirm_registration",
    status_code=status.HTTP_201_CREATED,
    responses=problem_responses(InvalidMailedToken, PasswordIsAddress, EmailTaken),
    openapi_extra=public("The mailed token authenticates the caller."),
)
async def confirm_registration(
    data: RegistrationConfirm, registrations: Registrations, language: PreferredLanguage, response: Response
) -> UserRead:
    """Create the account with the mailed token and a password."""
    account = await registrations.confirm(data, language)
    response.headers["Location"] = "/api/v1/users/me"
    return with_etag(response, account, account.last_seen_at)
