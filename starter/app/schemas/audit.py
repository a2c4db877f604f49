from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from ondol.db.pagination import PageQuery
from ondol.types import Moment
from pydantic import Field

from app.schemas.base import Output


class Action(StrEnum):
    """The audited events (OWASP ASVS 5.0, 16.3)."""

    ACCOUNT_CREATED = "account.created"
    ACCOUNT_CHANGED = "account.changed"
    ACCOUNT_DELETED = "account.deleted"  # personal_data
    ACCOUNT_READ = "account.read"
    ACCOUNTS_LISTED = "accounts.listed"
    LOGGED_IN = "session.started"
    LOGGED_OUT = "session.ended"
    OTHERS_LOGGED_OUT = "session.others_ended"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105
    PASSWORD_RESET_MAILED = "password.reset_mailed"  # noqa: S105  # password_reset
    PASSWORD_RESET = "password.reset"  # noqa: S105  # password_reset
    EMAIL_CHANGE_ASKED = "email.change_asked"  # email_change
    EMAIL_CHANGED = "email.changed"  # email_change
    # Refused
    LOGIN_REFUSED = "login.refused"
    PASSWORD_REFUSED = "password.refused"  # noqa: S105
    REFRESH_TOKEN_REUSED = "refresh_token.reused"  # noqa: S105
    SCOPE_REFUSED = "scope.refused"


class AuditEntryRead(Output):
    """An entry of the audit log: who did what, and from where."""

    id: UUID
    at: datetime
    action: str
    actor_id: UUID | None = Field(description="The account that did it. Null before login and for the command line.")
    session_id: UUID | None
    target_id: UUID | None = Field(description="The account or session it was done to.")
    address: str
    user_agent: str
    request_id: str
    details: dict[str, Any]


class AuditQuery(PageQuery):
    """The query parameters of the audit log."""

    action: Action | None = None
    actor_id: UUID | None = None
    target_id: UUID | None = None
    since: Moment | None = None
