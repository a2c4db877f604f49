"""The three production processes of a service, without the extra `cli`:

python -m ondol.run web        `ondol serve`
python -m ondol.run worker     `ondol worker`
python -m ondol.run migrate    `ondol db upgrade`
"""

import asyncio
import os
import signal
import sys

from ondol.db import migrations
from ondol.db.migrations import MigrationRefused, refuse_several_heads
from ondol.db.revisions import applied
from ondol.observability.logging import configure_logging
from ondol.observability.shared_metrics import share_between_processes
from ondol.project import ProjectError, database_url, load
from ondol.runtime import Runtime
from ondol.server.uvicorn import serve
from ondol.startup import StartFailed


def web(host: str = "0.0.0.0", port: int | None = None, workers: int | None = None) -> None:  # noqa: S104
    """Serve `main:app` with uvicorn until SIGTERM. `port` and `workers` default to the settings."""
    if workers is not None:
        os.environ["WEB_CONCURRENCY"] = str(workers)  # the processes count their connections with it
    settings = load().settings
    configure_logging(settings.logging, sql=settings.debug)
    refuse_several_heads(settings.project_folder)
    if settings.web_concurrency > 1 and settings.metrics.enabled:
        share_between_processes()
    serve("main:app", settings.http, host=host, port=port or settings.port, workers=settings.web_concurrency)


def worker() -> None:
    """Run jobs until SIGTERM or Ctrl-C, and finish those that are running."""
    runtime = load()
    configure_logging(runtime.settings.logging, sql=runtime.settings.debug)
    asyncio.run(_work(runtime))


async def _work(runtime: Runtime) -> None:
    async with runtime.opened():
        if await asyncio.to_thread(applied, runtime.servers.direct_url) is None:
            raise StartFailed("The database is empty: run `ondol db upgrade` (python -m ondol.run migrate).")
        await runtime.worker().run()


def migrate(revision: str = "head") -> None:
    """Migrate forward. If several processes start together, one migrates and the others wait."""
    runtime = load()
    migrations.upgrade(database_url(runtime), runtime.settings.project_folder, revision)


_PROCESSES = {"web": web, "worker": worker, "migrate": migrate}


def main() -> None:
    names = sys.argv[1:]
    if len(names) != 1 or names[0] not in _PROCESSES:
        sys.stderr.write(f"usage: python -m ondol.run {{{','.join(_PROCESSES)}}}\n")
        sys.exit(2)
    # The first process of a container ignores signals without a handler, and a shell's background process ignores
    # SIGINT.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        _PROCESSES[names[0]]()
    except (MigrationRefused, ProjectError, StartFailed) as error:
        sys.stderr.write(f"ondol: {error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
