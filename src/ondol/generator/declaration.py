"""What was typed after `ondol add resource`, and the record of it in the project's pyproject.toml:

    [tool.ondol.resources.books]
    name = "book"
    fields = ["title:str:200", "author:ref:authors"]
    is_owned = true

A field that is added later, and removing the resource, begin with what this made.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import tomlkit
from pluralizer import Pluralizer

from ondol.generator.fields import MAX_NAME, NAME, Context, parse, pascal
from ondol.generator.plan import read
from ondol.generator.rendering import names_taken
from ondol.generator.resource import Readers, Resource
from ondol.generator.tables import Tables
from ondol.project import ProjectError

RECORD = Path("pyproject.toml")


@dataclass(frozen=True)
class Options:
    is_owned: bool = False
    readers: Readers = Readers.NOBODY
    search: tuple[str, ...] = ()
    cache_seconds: int | None = None

    @property
    def who_may(self) -> str:
        """Return who reads and who writes, for the person who adds it."""
        owner = "its owner and administrators"
        reads = owner if self.is_owned and self.readers is Readers.NOBODY else self.readers.value
        return f"Read by {reads}; written by {owner if self.is_owned else 'administrators'}."


@dataclass(frozen=True)
class Declaration:
    """`fields`: their specifications."""

    name: str
    plural: str
    fields: tuple[str, ...]
    options: Options

    def entered_in(self, text: str) -> str:
        """Return the text of pyproject.toml with this record."""
        pyproject = tomlkit.parse(text)
        if self.plural in (there := _resources(pyproject)):
            there[self.plural]["fields"] = list(self.fields)
            return tomlkit.dumps(pyproject)
        given = {name: value for name, value in asdict(self.options).items() if value != getattr(Options(), name)}
        table = {"name": self.name, "fields": list(self.fields), **given}
        return f"{text.rstrip()}\n\n{tomlkit.dumps({'tool': {'ondol': {'resources': {self.plural: table}}}})}"


def without_record(text: str, plural: str) -> str:
    """Return the text of pyproject.toml without the record of a resource; comments behind it stay."""
    record = str(_resources(tomlkit.parse(text))[plural].as_string())
    before, _, after = text.partition(record)
    kept = re.search(r"([ \t]*(#.*)?\n)*\Z", record)
    header = before.rstrip().rfind("\n") + 1
    return f"{before[:header].rstrip()}\n\n{kept[0].lstrip() if kept else ''}{after}".rstrip() + "\n"


def _resources(pyproject: Mapping[str, Any]) -> Any:
    return pyproject.get("tool", {}).get("ondol", {}).get("resources", {})


def declared(project: Path) -> dict[str, Declaration]:
    """The resources that `ondol add resource` wrote, by their plural."""
    resources = _resources(tomllib.loads((project / RECORD).read_text(encoding="utf-8")))
    return {plural: _read(plural, dict(given)) for plural, given in resources.items()}


def find(project: Path, name: str) -> Declaration:
    """Return the declaration of a resource by one of its names. Raises ProjectError."""
    there = declared(project)
    for declaration in there.values():
        if name in (declaration.name, declaration.plural):
            return declaration
    known = ", ".join(each.name for each in there.values()) or "none"
    raise ProjectError(f"`ondol add resource` wrote no {name!r} here; it wrote: {known} ({RECORD}).")


def _read(plural: str, given: dict[str, Any]) -> Declaration:
    try:
        name, fields = str(given.pop("name")), tuple(given.pop("fields"))
        given["readers"] = Readers(given.get("readers", Readers.NOBODY))
        given["search"] = tuple(given.get("search", ()))
        return Declaration(name, plural, fields, Options(**given))
    except (KeyError, TypeError, ValueError) as error:
        raise ProjectError(f"{RECORD}: [tool.ondol.resources.{plural}] is not what was written: {error}.") from error


def plural_of(name: str, given: str | None) -> str:
    """Return the plural of a resource's name, `given` or the usual one. Raises ProjectError."""
    for word in filter(None, (name, given)):
        if not NAME.fullmatch(word) or len(word) > MAX_NAME:
            raise ProjectError(
                f"{word!r} is no name of a resource: it has letters a-z, digits and single _, such as `order_line`."
            )
    words: Any = Pluralizer()  # type: ignore[no-untyped-call]
    head, joint, last = name.rpartition("_")
    if given is None and words.is_plural(last):
        raise ProjectError(f"{name!r} looks like a plural: give the singular; or both, with `--plural {name}_items`.")
    many = given or head + joint + words.plural(last)
    if many == name:
        raise ProjectError("One and many of them need different names: `--plural` says the other.")
    return many


def resource_of(project: Path, declaration: Declaration) -> Resource:
    """Read a declaration in the project it is for. Raises ProjectError."""
    name, many, options = declaration.name, declaration.plural, declaration.options
    tables = Tables(project)
    if pascal(name) in (set(tables.classes.values()) - {tables.classes.get(many)}):
        raise ProjectError(f"There is a model {pascal(name)} already; {name + '_item'!r} would do.")

    def class_of(table: str) -> str:
        return pascal(name) if table == many else tables.class_of(table)

    resource = Resource(
        name,
        many,
        [parse(spec, Context(pascal(name), class_of)) for spec in declaration.fields],
        is_owned=options.is_owned,
        readers=options.readers,
        search=options.search,
        cache_seconds=options.cache_seconds,
        private_tables=tables.private,
    )
    resource.check()
    taken = names_taken(resource)
    for word in (name, many, pascal(name)):
        if word in taken:
            raise ProjectError(f"The code uses the name {word!r} for something else; {name + '_item'!r} would do.")
    for table in resource.needed:
        if not (project / "tests" / "support" / "factories" / f"{table}.py").exists():
            raise ProjectError(f"ref:{table}: tests need a factory for it, tests/support/factories/{table}.py.")
        if many in set(_needed(project, table)):
            raise ProjectError(f"ref:{table}: {table} refer to {many}: tests could make neither first.")
    return replace(resource, taken=taken)


def _needed(project: Path, table: str) -> Iterator[str]:
    """The tables that the factory of a table needs, and theirs."""
    factory = project / "tests" / "support" / "factories" / f"{table}.py"
    for other in re.findall(r"^from factories\.(\w+) import", read(factory) or "", re.MULTILINE):
        yield from (other, *_needed(project, other))
