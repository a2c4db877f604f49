from typing import Annotated

from pydantic import Field, SecretStr

from app.schemas.base import Input

OneTimeToken = Annotated[SecretStr, Field(min_length=20, max_length=200)]


class RefreshRequest(Input):
    refresh_token: OneTimeToken
