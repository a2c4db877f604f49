from typing import Self

from ondol.auth.common import is_common
from ondol.types import Email
from pydantic import model_validator

from app.schemas.auth import OneTimeToken
from app.schemas.base import Input
from app.schemas.users import FullName, Password


class RegistrationCreate(Input):
    email: Email
    password: Password
    full_name: FullName

    @model_validator(mode="after")
    def _password_is_no_address(self) -> Self:
        if is_common(self.password.get_secret_value(), context=(self.email, self.email.partition("@")[0])):
            raise ValueError("the password must not be the e-mail address")
        return self


class RegistrationConfirm(Input):
    token: OneTimeToken
