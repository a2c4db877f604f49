"""`ondol serve` and `ondol worker`, for production. `ondol.run` does the same without the extra `cli`."""

import os
from typing import Annotated

import typer

from ondol import run


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "0.0.0.0",  # noqa: S104
    port: Annotated[int | None, typer.Option(help="Port to listen on, by default $PORT.", min=1, max=65_535)] = None,
    workers: Annotated[int | None, typer.Option(help="Processes, by default $WEB_CONCURRENCY.", min=1)] = None,
    root_path: Annotated[str | None, typer.Option(help="Prefix a proxy removes, by default $HTTP__ROOT_PATH.")] = None,
) -> None:
    """Serve the project with uvicorn until SIGTERM. Running requests finish first."""
    if root_path is not None:
        os.environ["HTTP__ROOT_PATH"] = root_path  # the worker processes inherit it
    run.web(host, port, workers)


def worker() -> None:
    """Run jobs until SIGTERM or Ctrl-C. Running jobs finish first."""
    run.worker()
