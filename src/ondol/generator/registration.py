"""The files that list all resources, and the entries of a resource in each. An entry is added once, wherever the list
is in the file, and removed in the same way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ondol.generator.edits import Edit, Element, Entry, Import, Member, MemberOfSet
from ondol.generator.resource import Readers, Resource


@dataclass(frozen=True)
class Registration:
    """The entries of a resource in one file. `mentions`: the names that the file has with them."""

    path: str
    mentions: Sequence[str]
    edits: Sequence[Edit]

    def add(self, text: str) -> str:
        """Return the text with the entries. Raises NotAsExpected."""
        for edit in self.edits:
            text = edit.add(text)
        return text

    def remove(self, text: str) -> str:
        for edit in self.edits:
            text = edit.remove(text)
        return text

    @property
    def lines(self) -> str:
        """Return the lines that a person would add."""
        return "".join(f"{edit.line}\n" for edit in self.edits)


def registrations(resource: Resource) -> list[Registration]:
    plural, name, constant = resource.plural, resource.class_name, resource.plural.upper()
    tag = f'{{"name": "{plural}", "description": "{resource.many.capitalize()}."}}'
    scopes = list(_scopes(resource))
    return [
        Registration(
            "app/models/__init__.py",
            [name],
            [Import(f"app.models.{plural}", name), Element("__all__", f'"{name}"', is_sorted=True)],
        ),
        Registration(
            "app/scopes.py",
            [scope.member for scope in scopes],
            [edit for scope in scopes for edit in scope.edits()],
        ),
        Registration(
            "app/routers/__init__.py",
            [plural],
            [
                Import("app.routers", plural),
                Element("ROUTERS", f"{plural}.router"),
                Element("TAGS", tag, before='"health"'),
            ],
        ),
        Registration(
            "tests/support/factories/__init__.py",
            [constant],
            [Import(f"factories.{plural}", constant), Element("FACTORIES", constant)],
        ),
    ]


@dataclass(frozen=True)
class _Scope:
    """A scope of a resource. `member`: its name in the enum. `is_for_all`: whether customers have it."""

    member: str
    value: str
    text: str
    is_for_all: bool

    def edits(self) -> Iterator[Edit]:
        yield Member("Scope", self.member, f'"{self.value}"')
        yield Entry("DESCRIPTIONS", f"Scope.{self.member}", f'"{self.text}"')
        if self.is_for_all:
            yield MemberOfSet("SCOPES_OF", "Role.CUSTOMER", f"Scope.{self.member}")


def _scopes(resource: Resource) -> Iterator[_Scope]:
    many = resource.many

    def scope(name: str, text: str, *, is_for_all: bool) -> _Scope:
        return _Scope(f"{resource.plural.upper()}_{name.upper()}", f"{resource.plural}:{name}", text, is_for_all)

    own = "your own " if resource.is_owned else ""
    if not resource.is_public:
        yield scope("read", f"Read {own}{many}.", is_for_all=resource.is_owned or resource.readers is Readers.CUSTOMERS)
    yield scope("write", f"Create, change and delete {own}{many}.", is_for_all=resource.is_owned)
    if resource.is_owned:
        every = "Change all" if resource.is_public else "Read and change all"
        yield scope("all", f"{every} {many}.", is_for_all=False)
