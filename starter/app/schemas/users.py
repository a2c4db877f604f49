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
        raise ValueError("This password is too common.")
    return value


_SAID = {"pattern": r"^[^\x00]*$"}  # the part of the rule that OpenAPI can express
AnyPassword = Annotated[SecretStr, Field(max_length=MAX_LENGTH, json_schema_extra=_SAID), AfterValidator(_is_text)]
Password = Annotated[AnyPassword, Field(min_length=MIN_LENGTH), AfterValidator(_is_no_common_one)]


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
    last_seen_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class UserUpdate(Input):
    """The fields that owners may change in their own account."""

    full_name: FullName


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
