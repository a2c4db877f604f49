from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from ondol.db.pagination import InvalidCursor, Page
from ondol.errors import PreconditionFailed, TooManyRequests
from ondol.web.conditional import InvalidPrecondition, etag
from ondol.web.problems import problem_responses

from app.dependencies import (
    AccountReader,
    AccountWriter,
    ExpectedVersions,
    OndolDep,
    PaginatorDep,
    RequestLimitsDep,
    TokenCookiesDep,
    UserReadServiceDep,
    UserServiceDep,
    UsersReader,
    UsersWriter,
)
from app.schemas.users import PasswordChange, UserAdminUpdate, UserQuery, UserRead, UserUpdate
from app.services.users import LastAdministrator, PasswordIsAddress, UserNotFound, WrongPassword

router = APIRouter(prefix="/users", tags=["users"])


@router.get("/me", name="me", response_model=UserRead)
async def get_me(user: AccountReader, users: UserReadServiceDep, response: Response) -> Any:
    """One's own account."""
    account = await users.get(user.user_id)
    response.headers["ETag"] = etag(account.version)
    return account


@router.patch(
    "/me",
    name="update_me",
    response_model=UserRead,
    responses=problem_responses(PreconditionFailed, InvalidPrecondition),
)
async def update_me(
    data: UserUpdate,
    user: AccountWriter,
    users: UserServiceDep,
    expected_versions: ExpectedVersions,
    response: Response,
) -> Any:
    """Change one's own account. With `If-Match`, only if nobody else did meanwhile."""
    account = await users.update(user.user_id, data, user, expected_versions=expected_versions)
    response.headers["ETag"] = etag(account.version)
    return account


@router.post(
    "/me/password",
    name="change_password",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(WrongPassword, PasswordIsAddress, TooManyRequests),
)
async def change_password(
    data: PasswordChange,
    user: AccountWriter,
    users: UserServiceDep,
    limits: RequestLimitsDep,
    cookies: TokenCookiesDep,
    ondol: OndolDep,
) -> None:
    """Change one's password. Every other session of the account ends."""
    await limits.count("login", account=str(user.user_id))
    subject = await users.change_password(data, user)
    cookies.remember_device(ondol.device_tokens.issue(subject))


@router.get("", name="list", response_model=Page[UserRead], responses=problem_responses(InvalidCursor))
async def list_users(
    query: Annotated[UserQuery, Query()], users: UserReadServiceDep, paginator: PaginatorDep, _: UsersReader
) -> Any:
    """All accounts, page by page."""
    return await users.page(query, paginator)


@router.get("/{user_id}", name="get", response_model=UserRead, responses=problem_responses(UserNotFound))
async def get_user(user_id: UUID, users: UserReadServiceDep, _: UsersReader, response: Response) -> Any:
    """One account."""
    account = await users.get(user_id)
    response.headers["ETag"] = etag(account.version)
    return account


@router.patch(
    "/{user_id}",
    name="update",
    response_model=UserRead,
    responses=problem_responses(UserNotFound, LastAdministrator, PreconditionFailed, InvalidPrecondition),
)
async def update_user(
    user_id: UUID,
    data: UserAdminUpdate,
    users: UserServiceDep,
    expected_versions: ExpectedVersions,
    admin: UsersWriter,
    response: Response,
) -> Any:
    """Change an account's name, role or state. It takes effect on its sessions at once."""
    account = await users.update(user_id, data, admin, expected_versions=expected_versions)
    response.headers["ETag"] = etag(account.version)
    return account
