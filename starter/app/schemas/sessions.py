from datetime import datetime
from uuid import UUID

from ondol.db.pagination import PageQuery
from pydantic import Field

from app.schemas.base import Output


class LoginSessionRead(Output):
    """An active login session."""

    id: UUID
    user_agent: str = Field(description="The User-Agent header of the client.")
    address: str
    created_at: datetime
    last_used_at: datetime = Field(description="Accurate to the lifetime of an access token.")
    expires_at: datetime
    is_current: bool = Field(False, description="Whether this request was made in this session.")


class LoginSessionQuery(PageQuery):
    """The query parameters of the session list."""
