from ondol.auth.rules import AnyPassword
from ondol.types import Email

from app.schemas.auth import OneTimeToken
from app.schemas.base import Input


class EmailChangeCreate(Input):
    email: Email
    current_password: AnyPassword


class EmailChangeConfirm(Input):
    token: OneTimeToken
