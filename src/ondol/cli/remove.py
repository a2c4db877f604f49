"""`ondol remove`: remove a resource or a feature from a project."""

from typing import Annotated

import typer

from ondol.cli.add import DryRun, carry_out, console, say_next
from ondol.cli.update import show, stop_at_conflicts
from ondol.generator.remove import remove_resource
from ondol.generator.update import remove_feature
from ondol.project import ProjectError, project_folder


def remove(
    what: Annotated[str, typer.Argument(help="`resource`, or a feature of the starter such as `registration`.")],
    name: Annotated[str | None, typer.Argument(help="Name of the resource: `book`.")] = None,
    *,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also if you edited the files; for a feature, edits become git conflicts."),
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Remove a resource that `ondol add resource` wrote, or a feature of the starter: audit, email_change,
    password_reset, personal_data, registration.

    Refuses if you edited the files or other files use the resource, and names them. A migration drops the resource's
    table; for a feature with a table (audit), write one with `ondol db revision`.
    """
    project = project_folder()
    if (what == "resource") != (name is not None):
        raise typer.BadParameter("Use `ondol remove resource book`, or a feature alone: `ondol remove registration`.")
    if name is not None:
        if carry_out(remove_resource(project, name, force=force), dry_run=dry_run):
            say_next(project)
        return
    if dry_run:
        raise typer.BadParameter("--dry-run is for resources only. `ondol update --abort` restores a feature.")
    removed = remove_feature(project, what, force=force)
    if not removed.changed:
        raise ProjectError(f"The project does not have the feature {what!r}.")
    show(removed)
    stop_at_conflicts(removed)
    migrate = f"uv run ondol db check    # if it fails: uv run ondol db revision no_{what}"
    console.print(f"\n  {migrate}\n  uv run pytest\n\nThen commit.", markup=False)
