from ondol.types import Email

from app.schemas.auth import OneTimeToken
from app.schemas.base import Input
from app.schemas.users import AnyPassword


class EmailChangeCreate(Input):
    email: Email
    current_password: AnyPassword


class EmailChangeConfirm(Input):
    token: OneTimeToken
