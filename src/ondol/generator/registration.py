"""Enters a resource in the files that list what there is. Each edit is made once, wherever the list stands by now."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ondol.generator import edits
from ondol.generator.resource import Readers, Resource


@dataclass(frozen=True)
class Registration:
    """`mentions`: the names that stand in the file when it is done. `lines`: what a person would add."""

    path: str
    edit: Callable[[str], str]
    mentions: Sequence[str]
    lines: str


def registrations(resource: Resource) -> list[Registration]:
    plural, name, constant = resource.plural, resource.class_name, resource.plural.upper()
    tag = f'{{"name": "{plural}", "description": "{resource.many.capitalize()}."}}'
    scopes = list(_scopes(resource))

    def models(text: str) -> str:
        text = edits.with_import(text, f"app.models.{plural}", name)
        return edits.with_element(text, "__all__", f'"{name}"', is_sorted=True)

    def permissions(text: str) -> str:
        for scope in scopes:
            text = edits.with_member(text, "Scope", scope.member, f'"{scope.value}"')
            text = edits.with_entry(text, "DESCRIPTIONS", f"Scope.{scope.member}", f'"{scope.text}"')
            if scope.is_for_all:
                text = edits.with_member_of_set(text, "SCOPES_OF", "Role.CUSTOMER", f"Scope.{scope.member}")
        return text

    def routers(text: str) -> str:
        text = edits.with_import(text, "app.routers", plural)
        text = edits.with_element(text, "ROUTERS", f"{plural}.router")
        return edits.with_element(text, "TAGS", tag, before='"health"')

    def factories(text: str) -> str:
        text = edits.with_import(text, f"factories.{plural}", constant)
        return edits.with_element(text, "FACTORIES", constant)

    members = "\n".join(f'    {scope.member} = "{scope.value}"' for scope in scopes)
    described = "\n".join(f'    Scope.{scope.member}: "{scope.text}",' for scope in scopes)
    for_all = ", ".join(f"Scope.{scope.member}" for scope in scopes if scope.is_for_all)
    return [
        Registration(
            "app/models/__init__.py",
            models,
            [name],
            f'from app.models.{plural} import {name}\n__all__ = [..., "{name}"]\n',
        ),
        Registration(
            "app/scopes.py",
            permissions,
            [scope.member for scope in scopes],
            f"class Scope(StrEnum):\n{members}\n\nDESCRIPTIONS = {{\n{described}\n}}\n"
            f"and in SCOPES_OF for ordinary users: {for_all or 'none'}\n",
        ),
        Registration(
            "app/routers/__init__.py",
            routers,
            [plural],
            f"from app.routers import {plural}\nROUTERS = [..., {plural}.router]\nTAGS = [..., {tag}]\n",
        ),
        Registration(
            "tests/support/factories/__init__.py",
            factories,
            [constant],
            f"from factories.{plural} import {constant}\nFACTORIES = [..., {constant}]\n",
        ),
    ]


@dataclass(frozen=True)
class _Scope:
    """`member`: of the enum. `is_for_all`: whether every user has it."""

    member: str
    value: str
    text: str
    is_for_all: bool


def _scopes(resource: Resource) -> Iterator[_Scope]:
    many = resource.many

    def scope(name: str, text: str, *, is_for_all: bool) -> _Scope:
        return _Scope(f"{resource.plural.upper()}_{name.upper()}", f"{resource.plural}:{name}", text, is_for_all)

    own = "your own " if resource.is_owned else ""
    if not resource.is_public:
        yield scope("read", f"Read {own}{many}.", is_for_all=resource.is_owned or resource.readers is Readers.CUSTOMERS)
    yield scope("write", f"Create, change and delete {own}{many}.", is_for_all=resource.is_owned)
    if resource.is_owned:
        every = "Change everybody's" if resource.is_public else "Read and change everybody's"
        yield scope("all", f"{every} {many}.", is_for_all=False)
