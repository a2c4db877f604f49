from ondol.types import Email

from app.schemas.auth import OneTimeToken
from app.schemas.base import Input
from app.schemas.users import Password


class PasswordResetCreate(Input):
    email: Email


class PasswordResetConfirm(Input):
    token: OneTimeToken
    new_password: Password
