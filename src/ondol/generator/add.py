"""Add a resource in all layers, or fields to one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ondol.generator.declaration import RECORD, Declaration, Options, declared, find, plural_of, resource_of
from ondol.generator.edits import NotAsExpected, mentions
from ondol.generator.plan import Plan, plan, read
from ondol.generator.registration import Registration, registrations
from ondol.generator.rendering import Growth, migration, render_all, tidy
from ondol.generator.resource import Resource
from ondol.generator.tools import attempt, git_program
from ondol.project import ProjectError


def add_resource(
    project: Path, name: str, specs: Sequence[str], options: Options, *, plural: str | None = None
) -> Plan:
    """Plan a new resource. Raises ProjectError if other content is in a file's place, or if a file is not as expected:
    then with the lines to add."""
    declaration = Declaration(name, plural_of(name, plural), tuple(specs), options)
    resource = resource_of(project, declaration)
    there = declared(project).get(declaration.plural)
    if there not in (None, declaration):
        raise ProjectError(f"{name!r} exists with other fields or options. Add fields with `ondol add field {name} …`.")
    new = render_all(resource)
    if there is None:
        new |= migration(project, "create", resource, f"{resource.many.capitalize()}.")
    edited = registered(project, resource)
    after = tidy(new | edited, project)
    if other := [str(path) for path in new if read(project / path) not in (None, after[path])]:
        raise ProjectError(f"These files exist with other content: {', '.join(other)}. Nothing was changed.")
    return plan(project, after | as_they_were(project, edited, after) | _recorded(project, declaration))


def add_field(project: Path, name: str, specs: Sequence[str]) -> Plan:
    """Plan new fields of a resource, merged into its files as they are now. Raises ProjectError, with the lines to add,
    if the same lines were edited."""
    declaration = find(project, name)
    grown = replace(declaration, fields=(*declaration.fields, *specs))
    former, resource = resource_of(project, declaration), resource_of(project, grown)
    before, after = tidy(render_all(former), project), tidy(render_all(resource), project)
    merged, refused = _merged(project, before, after)
    if refused:
        raise ProjectError("Nothing was changed, because these lines were edited.\n\n" + "\n".join(refused))
    growth = Growth(former, resource)
    words = ", ".join(column.words for column in growth.columns)
    new = migration(project, "add_fields", resource, f"{resource.many.capitalize()}: {words}.", growth=growth)
    warnings = [
        f"{resource.plural}.{column.name} is NOT NULL without default: its migration fails if the table has rows."
        for column in growth.columns
        if column.field.is_required
    ] + [
        f"{resource.plural}.{column.name} is NOT NULL: once it is migrated, the previous code cannot add rows."
        for column in growth.columns
        if column.field.default is not None
    ]
    return plan(project, merged | tidy(new, project) | _recorded(project, grown), warnings)


def _merged(project: Path, before: dict[Path, str], after: dict[Path, str]) -> tuple[dict[Path, str], list[str]]:
    """Return the files with the changes from `before` to `after`, and the changes that could not be merged."""
    merged: dict[Path, str] = {}
    refused: list[str] = []
    with TemporaryDirectory(prefix="ondol-add-") as scratch:
        ours, base, theirs = (Path(scratch) / name for name in ("ours", "base", "theirs"))
        for path, wanted in after.items():
            there = read(project / path)
            if there is None:
                if path.parts[0] != "tests":
                    refused.append(f"{path} does not exist.")
                continue
            ours.write_text(there, encoding="utf-8")
            base.write_text(before[path], encoding="utf-8")
            theirs.write_text(wanted, encoding="utf-8")
            tried = attempt(Path(scratch), git_program(), "merge-file", "--quiet", str(ours), str(base), str(theirs))
            if tried.returncode == 0:
                merged[path] = ours.read_text(encoding="utf-8")
            else:
                refused.append(Plan(project, {path: wanted}, {path: before[path]}).diff)
    return merged, refused


def _recorded(project: Path, declaration: Declaration) -> dict[Path, str]:
    text = (project / RECORD).read_text(encoding="utf-8")
    return {RECORD: text if declared(project).get(declaration.plural) == declaration else declaration.entered_in(text)}


def registered(project: Path, resource: Resource) -> dict[Path, str]:
    """Return the files that list all resources with this one added, not yet tidy."""
    return _edited(project, resource, _added)


def unregistered(project: Path, resource: Resource) -> dict[Path, str]:
    """Return the files that list all resources with this one removed, not yet tidy."""
    return _edited(project, resource, lambda text, registration: registration.remove(text))


def _edited(project: Path, resource: Resource, edit: Callable[[str, Registration], str]) -> dict[Path, str]:
    refused: list[str] = []
    edited: dict[Path, str] = {}
    for registration in registrations(resource):
        path = Path(registration.path)
        try:
            edited[path] = edit(read(project / path) or "", registration)
        except (NotAsExpected, SyntaxError) as error:
            reason = f"does not have {error}" if isinstance(error, NotAsExpected) else "is not valid Python"
            refused.append(f"{path} {reason}; these lines belong to {resource.many}:\n\n{registration.lines}")
    if refused:
        raise ProjectError("Nothing was changed, because some files are not as expected.\n\n" + "\n".join(refused))
    return edited


def _added(text: str, registration: Registration) -> str:
    try:
        return registration.add(text)
    except NotAsExpected:
        if all(mentions(text, name) for name in registration.mentions):
            return text  # added by hand
        raise


def as_they_were(project: Path, edited: dict[Path, str], after: dict[Path, str]) -> dict[Path, str]:
    """Return the edited files, tidy only if they were tidy before: other formats are kept."""
    before = {path: read(project / path) or "" for path in edited}
    formatted = tidy(before, project)
    return {path: after[path] if formatted[path] == before[path] else text for path, text in edited.items()}
