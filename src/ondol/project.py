"""The project that a command works on: the folder with `main.py` and `app/`."""

import asyncio
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ondol.db import scratch
from ondol.dev.scratch import scratch_server
from ondol.runtime import Runtime

REPOSITORY_STARTER = Path(__file__).resolve().parents[2] / "starter"


class ProjectError(Exception):
    """The project is missing or a command cannot work on it. The message is for the user."""


def project_folder() -> Path:
    """Return the current folder if it is a project, or this repository's starter. Raises ProjectError."""
    for folder in (Path.cwd(), Path.cwd() / "starter"):
        if (folder / "main.py").is_file() and (folder / "app").is_dir():
            return folder.resolve()
    raise ProjectError("No Ondol project here. Run this in the folder that contains main.py and app/.")


def enter(folder: Path) -> None:
    """Make the project's modules importable."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def load(folder: Path | None = None) -> Runtime:
    """Return the runtime of the project's application, not yet opened. Raises ProjectError."""
    folder = folder or project_folder()
    enter(folder)
    os.chdir(folder)
    application = getattr(importlib.import_module("main"), "app", None)
    runtime = getattr(getattr(application, "state", None), "runtime", None)
    if not isinstance(runtime, Runtime):
        raise ProjectError(f"{folder / 'main.py'} has no FastAPI application `app` with Ondol installed.")
    return runtime


def database_url(runtime: Runtime) -> str:
    """Return the URL of the database itself, bypassing a pooler. Starts the embedded servers if needed."""
    return asyncio.run(runtime.locate_servers()).direct_url


@contextmanager
def scratch_database(runtime: Runtime) -> Iterator[str]:
    """Create an empty database, on the server of DATABASE_URL if it is set, otherwise on a temporary server.

    Raises ScratchRefused, ServersError.
    """
    settings = runtime.settings
    url = settings.database_direct_url or settings.database_url
    with ExitStack() as stack:
        server = url.get_secret_value() if url else stack.enter_context(scratch_server(settings.project_folder))
        yield stack.enter_context(scratch.scratch_database(server))


def attribute(module: str, name: str) -> Callable[..., Any]:
    """Return `name` of the project's `module`. Raises ProjectError."""
    try:
        found: Callable[..., Any] | None = getattr(importlib.import_module(module), name, None)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise  # an import within the module failed
        found = None
    if found is None:
        raise ProjectError(f"The project has no {module}.{name}.")
    return found
