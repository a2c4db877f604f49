"""Report a failed command in one sentence; `--verbose` shows the stack trace."""

import traceback
from pathlib import Path
from typing import Any

import typer
from alembic.util import CommandError
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from sqlalchemy.exc import DBAPIError
from typer.core import TyperGroup
from typer.exceptions import TyperException

from ondol.cli.project_commands import mounted
from ondol.db.migrations import NOT_MIGRATED, MigrationRefused, ModelsDiffer
from ondol.db.scratch import ScratchRefused
from ondol.dev.programs import ServersError
from ondol.errors import Problem
from ondol.project import ProjectError
from ondol.settings.load import sentences
from ondol.startup import StartFailed

_EXPECTED = (
    CommandError,
    MigrationRefused,
    ModelsDiffer,
    Problem,
    ProjectError,
    ScratchRefused,
    ServersError,
    StartFailed,
)
_WITHOUT_MIGRATIONS = "The database lacks what the models have ({said}): run `ondol db upgrade`."


class Commands(TyperGroup):
    """All commands: Ondol's own, then the project's. The project is imported only to run one of its commands or to
    list them."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return super().get_command(ctx, cmd_name) or mounted().get(cmd_name)

    def list_commands(self, ctx: Any) -> list[str]:
        own = super().list_commands(ctx)
        try:
            theirs = mounted()
        except Exception as error:  # a project that cannot be imported still gets help
            typer.echo(f"ondol: the project's commands are missing here: {_sentence(error)}", err=True)
            return own
        for name in theirs.keys() & set(own):
            typer.echo(f"ondol: the project's command {name!r} is hidden by Ondol's own; rename it.", err=True)
        return [*own, *(name for name in theirs if name not in own)]

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, TyperException):  # Typer prints these itself
            raise
        except Exception as error:
            if ctx.params.get("verbose"):
                raise
            Console(stderr=True).print(f"[red]ondol:[/red] {escape(_sentence(error))}", highlight=False, soft_wrap=True)
            raise typer.Exit(1) from error


def _sentence(error: Exception) -> str:
    if isinstance(error, _EXPECTED):
        return str(error)
    if isinstance(original := error.orig if isinstance(error, DBAPIError) else error.__cause__, NOT_MIGRATED):
        return _WITHOUT_MIGRATIONS.format(said=str(original).splitlines()[0])
    if isinstance(error, ValidationError):
        return "; ".join(sentences(error))
    said = str(error).strip().splitlines()
    if isinstance(error, SyntaxError):  # report the line that is wrong, not its import
        file, line = error.filename or "?", error.lineno
    else:
        last = traceback.extract_tb(error.__traceback__)[-1]
        file, line = last.filename, last.lineno
    where = f"{Path(file).name}, line {line}"
    return f"{type(error).__name__} at {where}: {said[0] if said else ''} (`ondol --verbose …` shows the trace)"
