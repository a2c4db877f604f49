from ondol.auth.rules import Password
from ondol.types import Email
from pydantic import Field

from app.schemas.auth import OneTimeToken
from app.schemas.base import Input
from app.schemas.users import FullName, Language


class RegistrationCreate(Input):
    email: Email


class RegistrationConfirm(Input):
    token: OneTimeToken
    password: Password
    full_name: FullName
    language: Language | None = Field(None, description="Of the mails to this account; by default Accept-Language.")
