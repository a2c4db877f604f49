"""`ondol settings`: what is set, and where it came from."""

import asyncio

from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from ondol.db.budget import ConnectionBudget, connection_limit
from ondol.db.session import Database
from ondol.effective import effective
from ondol.project import load
from ondol.settings import Settings

console = Console(soft_wrap=True)


def show_settings() -> None:
    """Show the effective settings, secrets masked, each with its source; and the connections they may take."""
    settings = load().settings
    table = Table("setting", "value", "from")
    for setting in effective(settings):
        table.add_row(setting.name, setting.value, setting.source)
    console.print(table)
    console.print(f"PostgreSQL: at most {ConnectionBudget.of(settings)}; {asyncio.run(_limit(settings))}")


async def _limit(settings: Settings) -> str:
    url = settings.database_direct_url or settings.database_url
    if url is None:
        return "what it gives is not known without DATABASE_URL."
    database = Database(url.get_secret_value(), settings.database)
    try:
        async with database.reading() as session:
            return f"it gives {await connection_limit(session)}."
    except SQLAlchemyError as error:
        return f"it does not answer ({type(error).__name__})."
    finally:
        await database.close()
