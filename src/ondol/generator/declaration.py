"""The arguments of `ondol add resource`, recorded in the project's pyproject.toml:

    [tool.ondol.resources.books]
    name = "book"
    fields = ["title:str:200", "author:ref:authors"]
    is_owned = true

Adding fields and removing the resource start from this record.
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
        """Return a sentence that says who may read and who may write."""
        owner = "its owner and administrators"
        reads = owner if self.is_owned and self.readers is Readers.NOBODY else self.readers.value
        return f"Read by {reads}; written by {owner if self.is_owned else 'administrators'}."


@dataclass(frozen=True)
class Declaration:
    """A recorded resource. `fields`: their specifications."""

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
    """Return the text of pyproject.toml without the record of a resource; comments after it stay."""
    record = str(_resources(tomlkit.parse(text))[plural].as_string())
    before, _, after = text.partition(record)
    kept = re.search(r"([ \t]*(#.*)?\n)*\Z", record)
    header = before.rstrip().rfind("\n") + 1
    return f"{before[:header].rstrip()}\n\n{kept[0].lstrip() if kept else ''}{after}".rstrip() + "\n"


def _resources(pyproject: Mapping[str, Any]) -> Any:
    return pyproject.get("tool", {}).get("ondol", {}).get("resources", {})


def declared(project: Path) -> dict[str, Declaration]:
    """Return the resources that `ondol add resource` wrote, by their plural."""
    resources = _resources(tomllib.loads((project / RECORD).read_text(encoding="utf-8")))
    return {plural: _read(plural, dict(given)) for plural, given in resources.items()}


def find(project: Path, name: str) -> Declaration:
    """Return the declaration of a resource by its singular or plural. Raises ProjectError."""
    there = declared(project)
    for declaration in there.values():
        if name in (declaration.name, declaration.plural):
            return declaration
    known = ", ".join(each.name for each in there.values()) or "none"
    raise ProjectError(f"Unknown resource {name!r}. `ondol add resource` wrote: {known} (see {RECORD}).")


def _read(plural: str, given: dict[str, Any]) -> Declaration:
    try:
        name, fields = str(given.pop("name")), tuple(given.pop("fields"))
        given["readers"] = Readers(given.get("readers", Readers.NOBODY))
        given["search"] = tuple(given.get("search", ()))
        return Declaration(name, plural, fields, Options(**given))
    except (KeyError, TypeError, ValueError) as error:
        raise ProjectError(f"{RECORD}: [tool.ondol.resources.{plural}] is invalid: {error}.") from error


def plural_of(name: str, given: str | None) -> str:
    """Return the plural of a resource's name, `given` or the regular one. Raises ProjectError."""
    for word in filter(None, (name, given)):
        if not NAME.fullmatch(word) or len(word) > MAX_NAME:
            raise ProjectError(
                f"Invalid resource name {word!r}. Use up to {MAX_NAME} a-z, 0-9 and single _, as in `order_line`."
            )
    words: Any = Pluralizer()  # type: ignore[no-untyped-call]
    head, joint, last = name.rpartition("_")
    if given is None and words.is_plural(last):
        raise ProjectError(f"{name!r} looks like a plural. Give the singular, or both with `--plural {name}_items`.")
    many = given or head + joint + words.plural(last)
    if many == name:
        raise ProjectError("The singular and the plural must differ. Give the plural with `--plural`.")
    return many


def resource_of(project: Path, declaration: Declaration) -> Resource:
    """Return the resource of a declaration in its project. Raises ProjectError."""
    name, many, options = declaration.name, declaration.plural, declaration.options
    tables = Tables(project)
    if pascal(name) in (set(tables.classes.values()) - {tables.classes.get(many)}):
        raise ProjectError(f"The model {pascal(name)} already exists. Use another name, such as {name + '_item'!r}.")

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
            raise ProjectError(f"The code needs the name {word!r} itself. Use another, such as {name + '_item'!r}.")
    for table in resource.needed:
        if not (project / "tests" / "support" / "factories" / f"{table}.py").exists():
            raise ProjectError(f"ref:{table}: tests need a factory for it. Write tests/support/factories/{table}.py.")
        if many in set(_needed(project, table)):
            raise ProjectError(f"ref:{table}: {table} already refer to {many}, so tests could create neither first.")
    return replace(resource, taken=taken)


def _needed(project: Path, table: str) -> Iterator[str]:
    """Yield the tables that the factory of a table needs, directly or indirectly."""
    factory = project / "tests" / "support" / "factories" / f"{table}.py"
    for other in re.findall(r"^from factories\.(\w+) import", read(factory) or "", re.MULTILINE):
        yield from (other, *_needed(project, other))
