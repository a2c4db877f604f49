from datetime import UTC, datetime
from uuid import UUID

from ondol.db.session import Database

from app.repositories.users import UserRepository


async def stamp_last_seen(database: Database, user_id: UUID) -> None:
    """Notes that the user was here just now, in a transaction of its own."""
    async with database.transaction() as session:
        await UserRepository(session).stamp_last_seen(user_id, datetime.now(UTC))
