from datetime import datetime
from typing import Annotated
from uuid import UUID

from ondol.auth.common import is_common
from ondol.auth.passwords import MAX_LENGTH, MIN_LENGTH, is_possible
from ondol.db.pagination import PageQuery
from ondol.types import Email, Line
from pydantic import MISSING, AfterValidator, Field, SecretStr, StrictBool, StringConstraints

from app.schemas.base import Input, Output
from app.scopes import Role

FullName = Annotated[Line, StringConstraints(max_length=100), Field(examples=["김지우"])]


def _is_text(value: SecretStr) -> SecretStr:
    if not is_possible(value.get_secret_value()):
        raise ValueError("must be Unicode text, without the character NUL")
    return value


def _is_no_common_one(value: SecretStr) -> SecretStr:
    if is_common(value.get_secret_value()):
        raise ValueError("is one of those that everybody tries first")
    return value


_SAID = {"pattern": r"^[^\x00]*$"}  # as far as the OpenAPI document can say it
AnyPassword = Annotated[SecretStr, Field(max_length=MAX_LENGTH, json_schema_extra=_SAID), AfterValidator(_is_text)]
Password = Annotated[AnyPassword, Field(min_length=MIN_LENGTH), AfterValidator(_is_no_common_one)]


class UserCreate(Input):
    """An account as `ondol user create` makes it, without a mail."""

    email: Email
    full_name: FullName
    password: Password
    role: Role


class UserRead(Output):
    """An account, for its owner and for administrators."""

    id: UUID
    email: str
    full_name: str
    role: Role
    is_active: bool
    last_seen_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class UserUpdate(Input):
    """What owners may change of their own account."""

    full_name: FullName


class UserAdminUpdate(Input):
    """What administrators may change. Only the fields that are given change."""

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
