"""`ondol remove`: what a project can do without."""

from typing import Annotated

import typer

from ondol.cli.add import DryRun, carry_out, console, say_next
from ondol.generator.remove import remove_resource
from ondol.generator.update import remove_feature
from ondol.project import ProjectError, project_folder


def remove(
    what: Annotated[str, typer.Argument(help="`resource`, or a feature of the starter: `registration`.")],
    name: Annotated[str | None, typer.Argument(help="The resource: `book`.")] = None,
    *,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also where you edited the files; of a feature, with git's conflicts."),
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Take out a resource that `ondol add resource` wrote, or a feature of the starter: audit, email_change,
    password_reset, personal_data, registration.

    It refuses, and names them, where you edited the files, or others use the resource. A migration drops the resource's
    table; for a feature, `ondol db revision` writes it.
    """
    project = project_folder()
    if (what == "resource") != (name is not None):
        raise typer.BadParameter("`ondol remove resource book`, or a feature alone: `ondol remove registration`")
    if name is not None:
        if carry_out(remove_resource(project, name, force=force), dry_run=dry_run):
            say_next(project)
        return
    if dry_run:
        raise typer.BadParameter("--dry-run is for resources; `ondol update --abort` takes a feature back")
    removed = remove_feature(project, what, force=force)
    if not removed.changed:
        raise ProjectError(f"The project does without {what!r} already.")
    for file in removed.changed:
        console.print(f"  {'conflict' if file in removed.conflicts else 'changed '}  {file}", markup=False)
    if removed.conflicts:
        console.print("Resolve the conflicts as after any `git merge`, and commit; or `ondol update --abort`.")
        raise typer.Exit(1)
    console.print(f"\n  uv run ondol db revision no_{what}\n  uv run pytest\n\nThen commit.", markup=False)
