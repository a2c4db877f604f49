from typing import Annotated, Literal

from pydantic import Field, SecretStr

from app.schemas.base import Input, Output


class TokenPair(Output):
    """RFC 6749, section 5.1."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105
    expires_in: int = Field(description="Seconds until the access token expires.", examples=[600])
    refresh_token: str
    scope: str = Field(description="Scopes of the access token, separated by spaces.")


class RefreshRequest(Input):
    refresh_token: Annotated[SecretStr, Field(min_length=20, max_length=200)]
