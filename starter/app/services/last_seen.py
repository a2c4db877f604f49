from datetime import UTC, datetime
from uuid import UUID

from app.repositories.users import UserRepository
from app.runtime import Runtime


async def stamp_last_seen(runtime: Runtime, user_id: UUID) -> None:
    """Set `last_seen_at` of the account to now, in a separate transaction."""
    async with runtime.transaction() as work:
        await UserRepository(work).stamp_last_seen(user_id, datetime.now(UTC))
