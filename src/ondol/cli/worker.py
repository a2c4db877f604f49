"""`ondol worker`: runs jobs."""

import asyncio

from ondol.cli.project import load, opened
from ondol.observability.logging import configure_logging
from ondol.runtime import Ondol


def worker() -> None:
    """Run jobs until SIGTERM or Ctrl-C; those under way are finished."""
    ondol = load()
    configure_logging(ondol.settings.logging)
    asyncio.run(_work(ondol))


async def _work(ondol: Ondol) -> None:
    async with opened(ondol):
        await ondol.worker().run()
