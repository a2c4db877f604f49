"""`ondol new`: create a project."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from ondol.generator.create import create

console = Console(highlight=False, soft_wrap=True)


class Language(StrEnum):
    EN = "en"
    KO = "ko"


def new(
    folder: Annotated[Path, typer.Argument(help="Folder to create; its name is the project's.")],
    *,
    sample: Annotated[bool, typer.Option("--sample", help="Include the shop: products, orders, a dashboard.")] = False,
    wanted: Annotated[
        list[str] | None, typer.Option("--with", metavar="NAMES", help="Include: audit,email_change,personal_data.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="NAMES", help="Leave out: password_reset,registration.")
    ] = None,
    lang: Annotated[Language, typer.Option("--lang", help="Also write the README in this language.")] = Language.EN,
    starter: Annotated[
        str | None, typer.Option("--from", help="Use another starter: a folder or the URL of a git repository.")
    ] = None,
) -> None:
    """Create a project with accounts, layers, tests, deployment files, an environment and a first commit."""
    made = create(
        folder,
        sample=sample,
        starter=starter,
        wanted=_names(wanted),
        without=_names(without),
        language=None if lang is Language.EN else lang,
        say=console.print,
    )
    console.print(
        f"{escape(str(made.folder))}: {made.files} files of the service with {made.lines} lines, all yours.\n\n"
        f"  cd {escape(str(folder))}\n"
        "  uv run ondol dev    # PostgreSQL, Valkey, jobs, reload: http://127.0.0.1:8000\n"
        "  uv run pytest"
    )


def _names(texts: list[str] | None) -> list[str]:
    return [name.strip() for text in texts or () for name in text.split(",") if name.strip()]
