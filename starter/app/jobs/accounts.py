from datetime import UTC, datetime

from ondol.jobs import job
from ondol.runtime import Ondol

from app.repositories.auth import AuthRepository


@job(name="accounts.delete_expired_sessions", cron="17 3 * * *")
async def delete_expired_sessions(ondol: Ondol) -> None:
    """Every night: sessions nobody can use any more, with their tokens."""
    async with ondol.database.transaction() as session:
        await AuthRepository(session).delete_expired(datetime.now(UTC))
