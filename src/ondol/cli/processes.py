"""`ondol serve` and `ondol worker`: what runs in production (`ondol.run` runs the same without this extra)."""

from typing import Annotated

import typer

from ondol import run


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "0.0.0.0",  # noqa: S104
    port: Annotated[int | None, typer.Option(help="By default $PORT.", min=1, max=65_535)] = None,
    workers: Annotated[int | None, typer.Option(help="By default $WEB_CONCURRENCY.", min=1)] = None,
) -> None:
    """Serve the project with uvicorn until SIGTERM; requests under way are finished."""
    run.web(host, port, workers)


def worker() -> None:
    """Run jobs until SIGTERM or Ctrl-C; those under way are finished."""
    run.worker()
