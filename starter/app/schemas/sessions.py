from datetime import datetime
from uuid import UUID

from ondol.db.pagination import PageQuery
from pydantic import Field

from app.schemas.base import Output


class LoginSessionRead(Output):
    """A login that is still good."""

    id: UUID
    user_agent: str = Field(description="What the client calls itself.")
    address: str
    created_at: datetime
    last_used_at: datetime = Field(description="To within the lifetime of an access token.")
    expires_at: datetime
    is_current: bool = Field(False, description="The one this request is made with.")


class LoginSessionQuery(PageQuery):
    """The query parameters of the session list."""
