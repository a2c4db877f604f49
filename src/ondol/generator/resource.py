"""A resource: its names in each layer, and the parts of its table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from sqlalchemy.dialects.postgresql.base import RESERVED_WORDS

from ondol.generator.columns import Column
from ondol.generator.fields import Field, pascal
from ondol.project import ProjectError

MAX_IDENTIFIER = 63
"""PostgreSQL truncates longer names (its documentation, section 4.1.1)."""


@dataclass(frozen=True)
class Index:
    """An index. `kind`: "" for PostgreSQL's default, "trgm" for search within words, "gin" for the items of a list."""

    name: str
    columns: Sequence[str]
    kind: str = ""


@dataclass(frozen=True)
class Check:
    name: str
    condition: str


class Readers(StrEnum):
    """The accounts that may read all rows of a resource."""

    NOBODY = "administrators"
    CUSTOMERS = "every customer"
    ANYBODY = "anybody"


@dataclass(frozen=True)
class Resource:
    """A resource. `name`: its singular, in lower case with underscores. `taken`: names that the code around the fields
    uses itself. `private_tables`: tables with rows that only their owner may see."""

    name: str
    plural: str
    fields: Sequence[Field]
    is_owned: bool = False
    readers: Readers = Readers.NOBODY
    search: Sequence[str] = ()
    cache_seconds: int | None = None
    taken: frozenset[str] = frozenset()
    private_tables: frozenset[str] = frozenset()

    @property
    def class_name(self) -> str:
        return pascal(self.name)

    @property
    def classes(self) -> str:
        return pascal(self.plural)

    @property
    def path(self) -> str:
        return "/" + self.plural.replace("_", "-")

    @property
    def words(self) -> str:
        return self.name.replace("_", " ")

    @property
    def many(self) -> str:
        return self.plural.replace("_", " ")

    @property
    def a(self) -> str:
        return f"an {self.words}" if self.words[0] in "aeiou" else f"a {self.words}"

    @property
    def id_name(self) -> str:
        return f"{self.name}_id"

    @property
    def is_public(self) -> bool:
        return self.readers is Readers.ANYBODY

    @property
    def is_private(self) -> bool:
        """Return whether only its owner, and administrators, may see a row."""
        return self.is_owned and not self.is_public

    @cached_property
    def columns(self) -> list[Column]:
        taken = {*self.taken, self.class_name}
        return [Column(field, self.plural, _free(pascal(field.name), taken)) for field in self.fields]

    @property
    def searched(self) -> list[Column]:
        return [column for column in self.columns if column.name in self.search]

    @property
    def sorted(self) -> list[Column]:
        return [column for column in self.columns if column.field.sorts]

    @property
    def filtered(self) -> list[Column]:
        return [column for column in self.columns if column.field.filters]

    @property
    def told(self) -> list[Column]:
        """Return the columns with a constraint that a client can violate: unique ones and references."""
        return [column for column in self.columns if column.field.is_unique or column.field.kind.table]

    @property
    def left_out(self) -> list[Column]:
        """Return the columns that may be omitted."""
        return [column for column in self.columns if not column.field.is_required]

    @property
    def filter_branches(self) -> int:
        """Return the most conditions that a query of the list can have."""
        return bool(self.search) + len(list(self._parameters()))

    @property
    def is_numbered(self) -> bool:
        """Return whether the bodies that tests make contain a running number."""
        others = (column.field.kind for column in self.columns)
        return any("number" in kind.good for kind in others if kind.table != self.plural)

    @property
    def filter_cases(self) -> list[str]:
        """Return cases for tests: the fields of a wanted row, those of an unwanted row, and the query."""
        return [case for column in self.filtered for case in column.filter_cases()]

    @property
    def private_references(self) -> list[Column]:
        """Return the references to rows that only their owner may see, which the service checks."""
        private = {*self.private_tables, *([self.plural] if self.is_private else [])}
        return [column for column in self.columns if self.is_owned and column.field.kind.table in private]

    @property
    def needed(self) -> list[str]:
        """Return the referenced tables, except `users` and its own."""
        tables = (column.field.kind.table for column in self.columns)
        return sorted({table for table in tables if table not in ("", "users", self.plural)})

    @property
    def checks(self) -> list[Check]:
        return list(self._checks())

    def _checks(self) -> Iterator[Check]:
        for column in self.columns:
            minimum = column.field.kind.minimum
            quoted = f'"{column.name}"' if column.name in RESERVED_WORDS else column.name
            if minimum == 0:
                yield Check(f"{column.name}_not_negative", f"{quoted} >= 0")
            elif minimum is not None:
                yield Check(f"{column.name}_minimum", f"{quoted} >= {minimum}")
            if choices := column.field.kind.choices:
                yield Check(f"{column.name}_known", f"{quoted} IN ({', '.join(map(repr, choices))})")

    @property
    def sort_indexes(self) -> list[Index]:
        sorts = [*(column.name for column in self.sorted), "created_at"]
        first = ["owner_id"] if self.is_private else []
        return [self._index(*first, name, "id") for name in sorts]

    @property
    def other_indexes(self) -> list[Index]:
        return list(self._other_indexes())

    def _other_indexes(self) -> Iterator[Index]:
        first = ["owner_id"] if self.is_private else []
        if self.is_private:
            yield self._index("created_at", "id")
        for column in self.filtered:
            field = column.field
            if field.kind.filters == "contains":
                yield Index(f"ix_{self.plural}_{column.name}", [column.name], "gin")
            elif not (field.sorts or column.is_unique_alone or field.kind.is_filtered_anyway):
                yield self._index(*first, column.name, "id")

    @property
    def search_indexes(self) -> list[Index]:
        return [Index(f"ix_{self.plural}_{column.name}_trgm", [column.name], "trgm") for column in self.searched]

    @property
    def reference_indexes(self) -> list[Index]:
        """Return the indexes that `index=True` creates."""
        owner = ["owner_id"] if self.is_owned and not self.is_private else []
        return [self._index(name) for name in (*owner, *(c.name for c in self.columns if c.field.kind.table))]

    @property
    def indexes(self) -> list[Index]:
        """Return all indexes, in the order of a migration."""
        found = [*self.sort_indexes, *self.other_indexes, *self.search_indexes, *self.reference_indexes]
        return sorted(found, key=lambda index: index.name)

    def _index(self, *columns: str) -> Index:
        return Index(f"ix_{self.plural}_{'_'.join(columns)}", columns)

    def check(self) -> None:
        """Raise ProjectError if the parts contradict each other."""
        if self.is_owned and self.readers is Readers.CUSTOMERS:
            raise ProjectError("--customer-read and --owner contradict each other. Use one of them.")
        if not self.columns:
            raise ProjectError("A resource needs at least one field, such as `title:str:200`.")
        names = [*["owner_id"] * self.is_owned, *(column.name for column in self.columns)]
        for name in names:
            if names.count(name) > 1:
                raise ProjectError(f"There are two fields {name!r}. Rename or remove one.")
        self._check_references()
        self._check_names()
        for wanted in self.search:
            found = next((column for column in self.columns if column.name == wanted), None)
            if found is None:
                raise ProjectError(f"--search: unknown field {wanted!r}.")
            if not found.field.kind.can_search:
                raise ProjectError(f"--search: {wanted!r} must be a str or text of 10 characters or more.")
        parameters = ["limit", "cursor", "sort", "q", *self._parameters()]
        for name in parameters:
            if parameters.count(name) > 1:
                raise ProjectError(
                    f"The list would have two query parameters {name!r}. Rename a field or do not filter."
                )
        made = [index.name for index in self.indexes] + [column.constraint for column in self.told]
        made += [f"ck_{self.plural}_{check.name}" for check in self.checks]
        for name in made:
            if len(name) > MAX_IDENTIFIER:
                raise ProjectError(
                    f"{name!r} is longer than PostgreSQL's {MAX_IDENTIFIER} characters. Use shorter names."
                )

    def _check_names(self) -> None:
        enums = [column.field.kind.python for column in self.columns if column.field.kind.choices]
        made = [self.class_name + part for part in ("Create", "Update", "Read", "Sort", "Query")]
        made += [column.alias for column in self.columns if column.has_alias] + enums
        made += [f"sort={column.name.upper()}" for column in self.sorted] + ["sort=NEWEST", "sort=OLDEST"]
        for name in made:
            if made.count(name) > 1:
                raise ProjectError(f"The code would have two {name.removeprefix('sort=')}. Rename a field.")

    def _check_references(self) -> None:
        told = [column for column in self.columns if column.field.kind.table and not column.field.is_optional]
        for column in told:
            if column.field.kind.table == self.plural:
                raise ProjectError(f"{column.name}: the first {self.words} could refer to none. Make it `optional`.")
        references = ["owner"] * self.is_owned + [column.stem for column in told]
        for column in self.columns:
            if (within := column.field.unique_within) and within not in references:
                raise ProjectError(
                    f"{column.name}: unique={within} does not name a required reference. "
                    f"Use one of: {', '.join(references) or 'none'}."
                )

    def _parameters(self) -> Iterator[str]:
        if self.is_owned and self.is_public:
            yield "owner_id"
        for column in self.filtered:
            if column.field.kind.filters == "range":
                yield from (f"min_{column.name}", f"max_{column.name}")
            else:
                yield column.name


def _free(name: str, taken: set[str]) -> str:
    return f"{name}Value" if name in taken else name
