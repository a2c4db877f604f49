from datetime import datetime
from typing import Any
from uuid import UUID

from ondol.db.base import HasId
from sqlalchemy import Index, String, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Model


class AuditEntry(HasId, Model):
    """An audit entry: who did what, and from where. Append-only: a trigger in the migration refuses updates and early
    deletes. No foreign keys: entries outlive their account."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_at", "at"),
        Index("ix_audit_log_actor_id_id", "actor_id", "id"),
        Index("ix_audit_log_target_id_id", "target_id", "id"),
        Index("ix_audit_log_action_id", "action", "id"),
    )

    at: Mapped[datetime] = mapped_column(server_default=func.now())
    action: Mapped[str] = mapped_column(String(50))
    actor_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None]
    target_id: Mapped[UUID | None]
    address: Mapped[str] = mapped_column(String(45), default="")
    user_agent: Mapped[str] = mapped_column(String(200), default="")
    request_id: Mapped[str] = mapped_column(String(128), default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
