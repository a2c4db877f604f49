"""`ondol update`: the starter's newer version, merged into a project."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from ondol.db.migrations import heads
from ondol.generator.update import Updated, abort, check, update
from ondol.project import project_folder

console = Console(highlight=False, soft_wrap=True)


def update_project(
    *,
    only_check: Annotated[bool, typer.Option("--check", help="Say what would change, and touch nothing.")] = False,
    give_up: Annotated[bool, typer.Option("--abort", help="Restore what was there before the update.")] = False,
) -> None:
    """Merge what changed in the starter since the project was made. You look at it and commit.

    First upgrade the library: `uv lock --upgrade-package ondol && uv sync`. Exits with 1 where there are conflicts,
    and with --check where there is something to update.
    """
    project = project_folder()
    if give_up:
        abort(project)
        console.print("Everything is as it was before the update.")
        return
    if only_check:
        found = check(project)
        _show(found)
        raise typer.Exit(int(bool(found.changed)))
    found = update(project)
    _show(found)
    if len(heads(project)) > 1:
        console.print("The starter's migrations and yours both go on from the same one: `ondol db merge` joins them.")
    if found.conflicts:
        console.print("Resolve the conflicts as after any `git merge`, and commit; or `ondol update --abort`.")
        raise typer.Exit(1)
    if found.changed:
        console.print("Look at it with `git diff --cached`, run the tests, and commit.")


def _show(found: Updated) -> None:
    if not found.changed:
        console.print("The project is up to date with the starter of this version.")
    for file in found.changed:
        mark = "[red]conflict[/red]" if file in found.conflicts else "changed "
        console.print(f"  {mark}  {escape(file)}")
