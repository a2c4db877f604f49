"""Makes a resource of what was typed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pluralizer import Pluralizer

from ondol.generator.fields import MAX_NAME, NAME, Context, parse, pascal
from ondol.generator.plan import Plan, plan
from ondol.generator.rendering import names_taken
from ondol.generator.resource import Readers, Resource
from ondol.generator.tables import Tables
from ondol.project import ProjectError


@dataclass(frozen=True)
class Options:
    """`plural`: None for the usual one."""

    is_owned: bool = False
    readers: Readers = Readers.NOBODY
    search: Sequence[str] = ()
    cache_seconds: int | None = None
    plural: str | None = None

    @property
    def who_may(self) -> str:
        """Return who reads and who writes, for the person who adds it."""
        owner = "its owner and administrators"
        reads = owner if self.is_owned and self.readers is Readers.NOBODY else self.readers.value
        return f"Read by {reads}; written by {owner if self.is_owned else 'administrators'}."


def add_resource(project: Path, name: str, specs: Sequence[str], options: Options) -> Plan:
    """What it would write, not yet written. Raises ProjectError."""
    many = _checked(name, options.plural)
    tables = Tables(project)
    if pascal(name) in (set(tables.classes.values()) - {tables.classes.get(many)}):
        raise ProjectError(f"There is a model {pascal(name)} already; {name + '_item'!r} would do.")

    def class_of(table: str) -> str:
        return pascal(name) if table == many else tables.class_of(table)

    resource = Resource(
        name,
        many,
        [parse(spec, Context(pascal(name), class_of)) for spec in specs],
        is_owned=options.is_owned,
        readers=options.readers,
        search=tuple(options.search),
        cache_seconds=options.cache_seconds,
        private_tables=tables.private,
    )
    resource.check()
    taken = names_taken(resource)
    for word in (name, many, pascal(name)):
        if word in taken:
            raise ProjectError(f"The code uses the name {word!r} for something else; {name + '_item'!r} would do.")
    _check_references(project, resource)
    return plan(project, replace(resource, taken=taken))


def _checked(name: str, given_plural: str | None) -> str:
    """The plural."""
    for word in filter(None, (name, given_plural)):
        if not NAME.fullmatch(word) or len(word) > MAX_NAME:
            raise ProjectError(
                f"{word!r} is no name of a resource: it has letters a-z, digits and single _, such as `order_line`."
            )
    words: Any = Pluralizer()  # type: ignore[no-untyped-call]
    head, joint, last = name.rpartition("_")
    if given_plural is None and words.is_plural(last):
        raise ProjectError(f"{name!r} looks like a plural: give the singular; or both, with `--plural {name}_items`.")
    many = given_plural or head + joint + words.plural(last)
    if many == name:
        raise ProjectError("One and many of them need different names: `--plural` says the other.")
    return many


def _check_references(project: Path, resource: Resource) -> None:
    for table in resource.needed:
        if not (project / "tests" / "support" / "factories" / f"{table}.py").exists():
            raise ProjectError(f"ref:{table}: tests need a factory for it, tests/support/factories/{table}.py.")
