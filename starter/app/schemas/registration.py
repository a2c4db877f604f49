from ondol.types import Email

from app.schemas.auth import OneTimeToken
from app.schemas.base import Input
from app.schemas.users import FullName, Password


class RegistrationCreate(Input):
    email: Email


class RegistrationConfirm(Input):
    token: OneTimeToken
    password: Password
    full_name: FullName
