"""The project a command works on: the folder with `main.py`."""

import asyncio
import importlib
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import typer
from fastapi import FastAPI
from pydantic import ValidationError

from ondol.runtime import Ondol

REPOSITORY_STARTER = Path(__file__).resolve().parents[3] / "starter"


def project_folder() -> Path:
    """The current folder if it is a project, or this repository's starter. Exits with a sentence otherwise."""
    for folder in (Path.cwd(), Path.cwd() / "starter"):
        if (folder / "main.py").is_file() and (folder / "app").is_dir():
            return folder.resolve()
    raise typer.BadParameter("There is no project here: change to the folder with main.py and app/.")


def load(folder: Path | None = None) -> Ondol:
    """The runtime of the project's application, not yet opened."""
    folder = folder or project_folder()
    sys.path.insert(0, str(folder))
    os.chdir(folder)
    try:
        application = importlib.import_module("main").app
    except ValidationError as error:
        raise typer.BadParameter(f"The settings are not right.\n{error}") from error
    ondol = getattr(application.state, "ondol", None) if isinstance(application, FastAPI) else None
    if not isinstance(ondol, Ondol):
        raise typer.BadParameter(f"{folder / 'main.py'} has no FastAPI application `app` with Ondol installed.")
    return ondol


@asynccontextmanager
async def opened(ondol: Ondol) -> AsyncIterator[Ondol]:
    await ondol.open()
    try:
        yield ondol
    finally:
        await ondol.close()


def database_url(ondol: Ondol) -> str:
    """Of the project's database, the embedded servers started if need be."""
    return asyncio.run(ondol.locate_servers())[0]


def attribute(module: str, name: str) -> Callable[..., Any]:
    """`name` of the project's `module`, or a sentence."""
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise typer.BadParameter(f"The project has no {module}.{name}.") from error
    return found
