"""Storage of responses to requests with an Idempotency-Key, in the transaction of each request.

If two requests with the same key run at the same time, the second waits: both insert the same primary key.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import String, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

_CLAIM = text("""
    INSERT INTO idempotency_keys AS kept (caller_id, key, method, path, request_digest)
    VALUES (:caller_id, :key, :method, :path, :digest)
    ON CONFLICT (caller_id, key) DO UPDATE SET
        method = excluded.method, path = excluded.path, request_digest = excluded.request_digest,
        status = NULL, headers = NULL, body = NULL, created_at = excluded.created_at
    WHERE kept.created_at < now() - make_interval(hours => :hours)
    RETURNING caller_id
""")
_READ = text("""
    SELECT method, path, request_digest, status, headers, body
    FROM idempotency_keys WHERE caller_id = :caller_id AND key = :key
""")
_KEEP = text("""
    UPDATE idempotency_keys SET status = :status, headers = CAST(:headers AS jsonb), body = :body
    WHERE caller_id = :caller_id AND key = :key
""")
_FORGET = text("DELETE FROM idempotency_keys WHERE caller_id = :caller_id AND key = :key")
_DELETE_OF = text("DELETE FROM idempotency_keys WHERE caller_id = :caller_id")
EXPIRED = text("""
    DELETE FROM idempotency_keys WHERE (caller_id, key) IN (
        SELECT caller_id, key FROM idempotency_keys
        WHERE created_at < now() - make_interval(hours => :hours) LIMIT :batch
    )
""")
"""Delete at most `:batch` keys that are older than `:hours`."""


class IdempotencyKeyColumns:
    """The columns of the table: `class IdempotencyKey(IdempotencyKeyColumns, Model): ...`"""

    __tablename__ = "idempotency_keys"

    caller_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    method: Mapped[str] = mapped_column(String(10))
    path: Mapped[str] = mapped_column(Text)
    request_digest: Mapped[bytes]
    status: Mapped[int | None]
    headers: Mapped[list[Any] | None] = mapped_column(JSONB)
    body: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


@dataclass(frozen=True, slots=True)
class Claim:
    """A caller's key for one request. `digest`: the hash of the request's body."""

    caller_id: UUID
    key: str
    method: str
    path: str
    digest: bytes

    @property
    def _named(self) -> dict[str, Any]:
        return {"caller_id": self.caller_id, "key": self.key}

    async def take(self, session: AsyncSession, hours: int) -> bool:
        """Store the key. Return whether it is new, or older than `hours`. Wait for a transaction that holds it.

        Raises SQLAlchemy's DBAPIError with psycopg's LockNotAvailable after the session's lock timeout.
        """
        values = {"method": self.method, "path": self.path, "digest": self.digest, "hours": hours}
        return (await session.execute(_CLAIM, self._named | values)).one_or_none() is not None

    async def read(self, session: AsyncSession) -> "KeptAnswer":
        """Return the response that is stored under the key."""
        row = (await session.execute(_READ, self._named)).one()
        is_same = (row.method, row.path, row.request_digest) == (self.method, self.path, self.digest)
        return KeptAnswer(is_same, row.status, row.headers, row.body)

    async def keep(self, session: AsyncSession, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        """Store the response under the key."""
        answer = {"status": status, "headers": json.dumps(headers), "body": body}
        await session.execute(_KEEP, self._named | answer)

    async def forget(self, session: AsyncSession) -> None:
        """Delete the key, so that the next request with it runs again."""
        await session.execute(_FORGET, self._named)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A stored response. `is_same`: the request had the same method, path and body."""

    is_same: bool
    status: int
    headers: list[tuple[str, str]]
    body: bytes


async def delete_keys_of(session: AsyncSession, caller_id: UUID) -> None:
    """Delete a caller's keys and the stored responses."""
    await session.execute(_DELETE_OF, {"caller_id": caller_id})
