"""`ondol serve` and `ondol worker`: what runs in production (`ondol.run` runs the same without this extra)."""

import os
from typing import Annotated

import typer

from ondol import run


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "0.0.0.0",  # noqa: S104
    port: Annotated[int | None, typer.Option(help="By default $PORT.", min=1, max=65_535)] = None,
    workers: Annotated[int | None, typer.Option(help="By default $WEB_CONCURRENCY.", min=1)] = None,
    root_path: Annotated[str | None, typer.Option(help="By default $HTTP__ROOT_PATH.")] = None,
) -> None:
    """Serve the project with uvicorn until SIGTERM; requests under way are finished."""
    if root_path is not None:
        os.environ["HTTP__ROOT_PATH"] = root_path  # also of the processes that it starts
    run.web(host, port, workers)


def worker() -> None:
    """Run jobs until SIGTERM or Ctrl-C; those under way are finished."""
    run.worker()
