"""Count the accounts by role, without asyncio."""

from app.models import User
from sqlalchemy import func, select

from ondol.db.session import SyncDatabase
from ondol.project import database_url, load


def count_accounts(database: SyncDatabase) -> dict[str, int]:
    with database.transaction() as session:
        counted = session.execute(select(User.role, func.count().label("number")).group_by(User.role)).all()
        return {row.role: row.number for row in counted}


if __name__ == "__main__":
    runtime = load()
    # The URL of the settings, or the development server's.
    database = SyncDatabase(database_url(runtime), runtime.settings.database)
    print(count_accounts(database))
    database.close()
