from typing import Annotated

from fastapi import APIRouter, Depends, Response, Security, status
from ondol import TooManyRequests
from ondol.auth.caller import Caller
from ondol.web.conditional import with_etag
from ondol.web.problems import problem_responses
from ondol.web.public import public
from ondol.web.unit_of_work import in_transaction

from app.access import current_user
from app.schemas.email_change import EmailChangeConfirm, EmailChangeCreate
from app.schemas.users import UserRead
from app.scopes import Scope
from app.services.email_change import EmailChangeService
from app.services.mailed_tokens import InvalidMailedToken
from app.services.users import EmailTaken, WrongPassword

router = APIRouter(prefix="/auth/email-change", tags=["auth"], responses=problem_responses(TooManyRequests))

Writer = Annotated[Caller, Security(current_user, scopes=[Scope.ACCOUNT_WRITE])]
EmailChanges = Annotated[EmailChangeService, Depends(in_transaction(EmailChangeService))]


@router.post(
    "",
    name="ask_email_change",
    status_code=status.HTTP_202_ACCEPTED,
    response_class=Response,
    responses=problem_responses(WrongPassword),
)
async def ask_email_change(data: EmailChangeCreate, user: Writer, changes: EmailChanges) -> None:
    """Request a change of e-mail address. A token is mailed to the new address, a notice to the current one."""
    await changes.ask(data, user)


@router.post(
    "/confirm",
    name="change_email",
    responses=problem_responses(InvalidMailedToken, EmailTaken),
    openapi_extra=public("The mailed token authenticates the caller."),
)
async def change_email(data: EmailChangeConfirm, changes: EmailChanges, response: Response) -> UserRead:
    """Change the e-mail address with the token that was mailed to the new one."""
    account = await changes.confirm(data.token.get_secret_value())
    return with_etag(response, account, account.last_seen_at)
