"""`ondol docs`: list the pages of the documentation, and show one."""

import difflib
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

import ondol
from ondol.project import REPOSITORY_STARTER, ProjectError

Language = Literal["en", "ko"]


def docs(
    page: Annotated[str | None, typer.Argument(help="A page's name, such as how-to/deploy or deploy.")] = None,
    *,
    language: Annotated[Language | None, typer.Option("--lang", help="By default from LC_ALL or LANG.")] = None,
) -> None:
    """List the pages of the documentation, or show one: in a terminal with a pager, else as Markdown."""
    folder = _folder(language or _language())
    pages = {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.md"))}
    if page is None:
        table = Table("page", "title")
        for name, path in pages.items():
            table.add_row(name, path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# "))
        Console(soft_wrap=True).print(table)
    else:
        _show(pages[_found(page.removesuffix(".md"), list(pages))].read_text(encoding="utf-8"))


def _folder(language: Language) -> Path:
    """Return the folder of the pages: of the wheel, or of this repository."""
    packaged = Path(ondol.__file__).parent / "docs"
    return (packaged if packaged.is_dir() else REPOSITORY_STARTER.parent / "docs") / language


def _language() -> Language:
    return "ko" if (os.environ.get("LC_ALL") or os.environ.get("LANG") or "").startswith("ko") else "en"


def _found(page: str, names: list[str]) -> str:
    """Return the name of a page from its whole name or its last part. Raises ProjectError."""
    ends = [name for name in names if page in (name, name.rpartition("/")[2])]
    if page in ends or len(ends) == 1:
        return page if page in ends else ends[0]
    lasts = {name.rpartition("/")[2]: name for name in names}
    close = difflib.get_close_matches(page, [*names, *lasts], n=5, cutoff=0.5)
    said = ", ".join(ends or dict.fromkeys(lasts.get(name, name) for name in close))
    problem = f"Several pages are called '{page}'" if ends else f"Unknown page '{page}'"
    raise ProjectError(f"{problem}. " + (f"Use one of: {said}." if said else "`ondol docs` lists the pages."))


def _show(text: str) -> None:
    console = Console()
    if not console.is_terminal:
        sys.stdout.write(text)
        return
    os.environ.setdefault("LESS", "R")  # less shows colours
    rendered = Markdown(text)
    is_long = len(console.render_lines(rendered)) > console.height
    with console.pager(styles=True) if is_long else nullcontext():
        console.print(rendered)
