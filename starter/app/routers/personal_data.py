from typing import Annotated

from fastapi import APIRouter, Depends, Security, status
from ondol.auth.caller import Caller
from ondol.errors import TooManyRequests
from ondol.web.cookies import TokenCookiesDep
from ondol.web.problems import problem_responses
from ondol.web.unit_of_work import in_transaction, read_only

from app.access import current_user
from app.schemas.personal_data import AccountDeletion, PersonalData
from app.scopes import Scope
from app.services.personal_data import PersonalDataService
from app.services.users import LastAdministrator, WrongPassword

router = APIRouter(prefix="/users/me", tags=["users"])

Reader = Annotated[Caller, Security(current_user, scopes=[Scope.ACCOUNT_READ])]
Writer = Annotated[Caller, Security(current_user, scopes=[Scope.ACCOUNT_WRITE])]
Data = Annotated[PersonalDataService, Depends(in_transaction(PersonalDataService))]
ReadOnlyData = Annotated[PersonalDataService, Depends(read_only(PersonalDataService))]


@router.get("/data", name="export_me")
async def export_my_data(user: Reader, data: ReadOnlyData) -> PersonalData:
    """Return all data stored about you: your account, sessions and activity."""
    return await data.export(user.user_id)


@router.post(
    "/deletion",
    name="delete_me",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(WrongPassword, LastAdministrator, TooManyRequests),
)
async def delete_my_account(deletion: AccountDeletion, user: Writer, data: Data, cookies: TokenCookiesDep) -> None:
    """Delete your account: name, e-mail address and password are erased, and every session ends."""
    await data.delete_own(deletion, user)
    cookies.clear()
