"""`ondol update`: merge a newer starter into a project."""

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
    only_check: Annotated[bool, typer.Option("--check", help="List the changes without making them.")] = False,
    give_up: Annotated[bool, typer.Option("--abort", help="Restore the state before the update.")] = False,
) -> None:
    """Merge the starter's changes since the project was made or last updated. You review and commit them.

    First upgrade the library: `uv lock --upgrade-package ondol && uv sync`. Exits with 1 if there are conflicts, and
    with --check if there is an update.
    """
    project = project_folder()
    if give_up:
        abort(project)
        console.print("The state before the update is restored.")
        return
    found = check(project) if only_check else update(project)
    if not found.changed:
        console.print("The project is up to date with this version's starter.")
    show(found)
    if only_check:
        raise typer.Exit(int(bool(found.changed)))
    if len(heads(project)) > 1:
        console.print("The starter's migrations and yours have separate heads. Merge them with `ondol db merge`.")
    stop_at_conflicts(found)
    if found.changed:
        console.print("Review with `git diff --cached`, run the tests and commit.")


def show(found: Updated) -> None:
    """List the changed files."""
    for file in found.changed:
        mark = "[red]conflict[/red]" if file in found.conflicts else "changed "
        console.print(f"  {mark}  {escape(file)}")


def stop_at_conflicts(found: Updated) -> None:
    """Exit with 1 if there are conflicts."""
    if found.conflicts:
        console.print("Resolve the conflicts as after `git merge` and commit, or undo with `ondol update --abort`.")
        raise typer.Exit(1)
