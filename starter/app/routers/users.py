from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response, Security, status
from ondol.auth.caller import Caller
from ondol.db.pagination import InvalidCursor, Page
from ondol.errors import PreconditionFailed, TooManyRequests
from ondol.web.conditional import ExpectedVersions, InvalidPrecondition, with_etag
from ondol.web.cookies import TokenCookiesDep
from ondol.web.problems import problem_responses
from ondol.web.unit_of_work import in_transaction, read_only

from app.access import current_user
from app.schemas.users import PasswordChange, UserAdminUpdate, UserQuery, UserRead, UserUpdate
from app.scopes import Scope
from app.services.users import LastAdministrator, PasswordIsAddress, UserNotFound, UserService, WrongPassword

router = APIRouter(prefix="/users", tags=["users"])

AccountReader = Annotated[Caller, Security(current_user, scopes=[Scope.ACCOUNT_READ])]
AccountWriter = Annotated[Caller, Security(current_user, scopes=[Scope.ACCOUNT_WRITE])]
Reader = Annotated[Caller, Security(current_user, scopes=[Scope.USERS_READ])]
Writer = Annotated[Caller, Security(current_user, scopes=[Scope.USERS_WRITE])]
Users = Annotated[UserService, Depends(in_transaction(UserService))]
ReadOnlyUsers = Annotated[UserService, Depends(read_only(UserService))]


@router.get("/me", name="me")
async def get_my_account(user: AccountReader, users: ReadOnlyUsers, response: Response) -> UserRead:
    """Return your own account."""
    return _tagged(response, await users.get(user.user_id))


@router.patch("/me", name="update_me", responses=problem_responses(PreconditionFailed, InvalidPrecondition))
async def update_my_account(
    data: UserUpdate, user: AccountWriter, users: Users, expected_versions: ExpectedVersions, response: Response
) -> UserRead:
    """Change your own account. If `If-Match` names an outdated version, nothing changes (412)."""
    return _tagged(response, await users.update(user.user_id, data, user, expected_versions=expected_versions))


@router.post(
    "/me/password",
    name="change_password",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(WrongPassword, PasswordIsAddress, TooManyRequests),
)
async def change_password(data: PasswordChange, user: AccountWriter, users: Users, cookies: TokenCookiesDep) -> None:
    """Change your password. All other sessions of the account end."""
    cookies.remember_device(await users.change_password(data, user))


@router.get("", name="list", responses=problem_responses(InvalidCursor))
async def list_users(query: Annotated[UserQuery, Query()], user: Reader, users: ReadOnlyUsers) -> Page[UserRead]:
    """List all accounts, page by page."""
    return await users.page(query, user)


@router.get("/{user_id}", name="get", responses=problem_responses(UserNotFound))
async def get_user(user_id: UUID, user: Reader, users: ReadOnlyUsers, response: Response) -> UserRead:
    """Return one account."""
    return _tagged(response, await users.get(user_id, user))


@router.patch(
    "/{user_id}",
    name="update",
    responses=problem_responses(UserNotFound, LastAdministrator, PreconditionFailed, InvalidPrecondition),
)
async def update_user(
    user_id: UUID,
    data: UserAdminUpdate,
    user: Writer,
    users: Users,
    expected_versions: ExpectedVersions,
    response: Response,
) -> UserRead:
    """Change an account's name, role or state. It takes effect in its sessions at once."""
    return _tagged(response, await users.update(user_id, data, user, expected_versions=expected_versions))


def _tagged(response: Response, account: UserRead) -> UserRead:
    """Set the ETag and return the account. `last_seen_at` is included: it changes without a new version."""
    return with_etag(response, account, account.last_seen_at)
