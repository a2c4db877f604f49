from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from ondol.auth.rules import AnyPassword, Password
from ondol.db.pagination import PageQuery
from ondol.types import Email, Line
from pydantic import MISSING, Field, StrictBool, StringConstraints
from typing_extensions import TypeAliasType

from app.schemas.base import Input, Output
from app.scopes import Role

FullName = Annotated[Line, StringConstraints(max_length=100), Field(examples=["김지우"])]
Language = TypeAliasType("Language", Literal["en", "ko"])  # of the files in app/languages


class UserCreate(Input):
    """An account that `ondol user create` makes, without confirmation by e-mail."""

    email: Email
    full_name: FullName
    password: Password
    role: Role


class UserRead(Output):
    """An account, as its owner and administrators see it."""

    id: UUID
    email: str
    full_name: str
    role: Role
    is_active: bool
    language: str | None = Field(description="Of the mails to this account. null: the service's default.")
    last_seen_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class UserUpdate(Input):
    """The fields that owners may change in their own account. Only the given fields change."""

    full_name: FullName | MISSING = MISSING
    language: Language | MISSING | None = MISSING


class UserAdminUpdate(Input):
    """The fields that administrators may change. Only the given fields change."""

    full_name: FullName | MISSING = MISSING
    role: Role | MISSING = MISSING
    is_active: StrictBool | MISSING = MISSING


class PasswordChange(Input):
    current_password: AnyPassword
    new_password: Password


class UserQuery(PageQuery):
    """The query parameters of the account list."""

    role: Role | None = None
    is_active: bool | None = None
