"""Remove a resource that `ondol add resource` wrote."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from ondol.generator.add import as_they_were, unregistered
from ondol.generator.declaration import RECORD, find, resource_of, without_record
from ondol.generator.edits import mentions
from ondol.generator.plan import Plan, plan, read
from ondol.generator.registration import registrations
from ondol.generator.rendering import migration, render_all, tidy
from ondol.generator.resource import Resource
from ondol.generator.tables import imported, parsed
from ondol.project import ProjectError


def remove_resource(project: Path, name: str, *, force: bool = False) -> Plan:
    """Plan the removal of a resource: of its files and its entries in others, with a migration that drops its table.
    `force` removes edited files too. Raises ProjectError, naming edited files and other users of the resource."""
    declaration = find(project, name)
    resource = resource_of(project, declaration)
    written = tidy(render_all(resource), project)
    edited = [str(path) for path in written if read(project / path) not in (None, written[path])]
    if edited and not force:
        raise ProjectError(f"You edited {', '.join(edited)}. Nothing was changed; `--force` removes these too.")
    listing = unregistered(project, resource)
    if users := sorted({*_users(project, resource, {*written, *listing}), *_still_named(resource, listing)}):
        raise ProjectError(f"Other files use {resource.many}: {', '.join(users)}. Nothing was changed.")
    new = migration(project, "drop", resource, f"Drop {resource.many}.")
    after: dict[Path, str | None] = dict.fromkeys(written)
    pyproject = (project / RECORD).read_text(encoding="utf-8")
    tidied = tidy(new | listing, project)
    without = {RECORD: without_record(pyproject, resource.plural)}
    warning = f"The migration drops the table {resource.plural}. First deploy code that does not use it."
    return plan(project, after | tidied | as_they_were(project, listing, tidied) | without, [warning])


def _users(project: Path, resource: Resource, its_own: set[Path]) -> Iterator[str]:
    """Yield the other files that import from the resource's files, or use its scopes or its table."""
    layers = ("models", "schemas", "repositories", "services", "routers")
    modules = {*(f"app.{layer}.{resource.plural}" for layer in layers), f"factories.{resource.plural}"}
    places = {*modules, f"app.models.{resource.class_name}"}
    for file in (*(project / "app").rglob("*.py"), *(project / "tests").rglob("*.py")):
        path = file.relative_to(project)
        if path in its_own:
            continue
        if not places.isdisjoint(imported(file)) or any(_uses(node, resource) for node in ast.walk(parsed(file))):
            yield str(path)


def _still_named(resource: Resource, listing: Mapping[Path, str]) -> Iterator[str]:
    """Yield the listing files that still name the resource after its entries are removed."""
    for registration in registrations(resource):
        text = listing[Path(registration.path)]
        if any(mentions(text, name) for name in registration.mentions):
            yield registration.path


def _uses(node: ast.AST, resource: Resource) -> bool:
    scopes = f"{resource.plural.upper()}_"
    match node:
        case ast.Attribute(value=ast.Name("Scope"), attr=name) if name.startswith(scopes):
            return name.removeprefix(scopes) in ("READ", "WRITE", "ALL")
        case ast.Attribute(value=ast.Name("models"), attr=name):
            return name == resource.class_name
        case ast.Call(
            func=ast.Name("ForeignKey") | ast.Attribute(attr="ForeignKey"), args=[ast.Constant(value=str(target)), *_]
        ):
            return target.partition(".")[0] == resource.plural
    return False
