from ondol.auth.rules import Password
from ondol.types import Email

from app.schemas.auth import OneTimeToken
from app.schemas.base import Input


class PasswordResetCreate(Input):
    email: Email


class PasswordResetConfirm(Input):
    token: OneTimeToken
    new_password: Password
