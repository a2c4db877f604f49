from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from ondol.auth.common import is_common
from ondol.auth.passwords import MAX_LENGTH, MIN_LENGTH, is_possible
from ondol.db.pagination import PageQuery
from ondol.types import Email, Line
from pydantic import MISSING, AfterValidator, Field, SecretStr, StrictBool, StringConstraints
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from app.schemas.base import Input, Output
from app.scopes import Role

FullName = Annotated[Line, StringConstraints(max_length=100), Field(examples=["김지우"])]
Language = TypeAliasType("Language", Literal["en", "ko"])  # of the files in app/languages


def _is_text(value: SecretStr) -> SecretStr:
    if not is_possible(value.get_secret_value()):
        raise PydanticCustomError("password_text", "Use Unicode text without the character NUL.")
    return value


def _is_good(value: SecretStr) -> SecretStr:
    lengths = {"min_length": MIN_LENGTH, "max_length": MAX_LENGTH}
    if not MIN_LENGTH <= len(value.get_secret_value()) <= MAX_LENGTH:
        raise PydanticCustomError("password_length", "Use {min_length} to {max_length} characters.", lengths)
    if is_common(value.get_secret_value()):
        raise PydanticCustomError("password_too_common", "This password is too common.")
    return value


# `json_schema_extra`: the part of the rules that OpenAPI can express.
_SAID = {"maxLength": MAX_LENGTH, "pattern": r"^[^\x00]*$"}
AnyPassword = Annotated[SecretStr, Field(json_schema_extra=_SAID), AfterValidator(_is_text)]
Password = Annotated[AnyPassword, Field(json_schema_extra=_SAID | {"minLength": MIN_LENGTH}), AfterValidator(_is_good)]


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
