"""A field within its resource: its lines in each file."""

import ast
import json
import keyword
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel

from ondol.db.base import Base
from ondol.generator.fields import Field, pascal

# An attribute with one of these names would hide one that a model or a schema needs.
RESERVED_ATTRIBUTES = {
    *keyword.kwlist,
    *dir(BaseModel),
    *dir(Base),
    *("str", "int", "float", "bool", "list", "dict", "date", "datetime", "time"),
}


@dataclass(frozen=True)
class Column:
    """A field as the templates see it."""

    field: Field
    plural: str
    """The resource's plural, which is its table."""
    alias: str
    """The name of its type in the schemas."""

    @property
    def name(self) -> str:
        return self.field.name

    @property
    def attribute(self) -> str:
        """Return the name in Python, with an underscore appended if Python or Pydantic uses the name."""
        return f"{self.name}_" if self.name in RESERVED_ATTRIBUTES else self.name

    @property
    def is_renamed(self) -> bool:
        return self.attribute != self.name

    @property
    def has_alias(self) -> bool:
        return self.field.kind.schema.startswith("Annotated[")

    @property
    def is_unique_alone(self) -> bool:
        return self.field.is_unique and not self.field.unique_within

    @property
    def mapped(self) -> str:
        """Return the line in the model."""
        kind, field = self.field.kind, self.field
        python = "str" if kind.choices else kind.python
        arguments = [f'"{self.name}"'] * self.is_renamed + [kind.column] * bool(kind.column)
        if self.is_unique_alone:
            arguments.append("unique=True")
        if kind.table:
            arguments.append("index=True")
        if field.default is not None:
            arguments.append(f"default={kind.in_model(field.default)}")
        annotation = f"Mapped[{python}{self._null}]"
        call = f" = mapped_column({', '.join(arguments)})" if arguments else ""
        return f"{self.attribute}: {annotation}{call}"

    @property
    def _schema(self) -> str:
        return self.alias if self.has_alias else self.field.kind.schema

    @property
    def _null(self) -> str:
        """Return the suffix of a nullable type."""
        return " | None" if self.field.is_optional else ""

    @property
    def parameter(self) -> str:
        """Return the type of the query parameter that filters by it."""
        return self.alias if self.has_alias and self.field.kind.python in ("str", "Decimal") else self.field.kind.query

    @property
    def created(self) -> str:
        """Return the line in the schema that creates."""
        default = "None" if self.field.is_optional else self.field.default
        return f"{self.attribute}: {self._schema}{self._null}{self._value(default)}"

    @property
    def updated(self) -> str:
        return f"{self.attribute}: {self._schema} | MISSING{self._null}{self._value('MISSING')}"

    @property
    def read(self) -> str:
        python = self.field.kind.out or self.field.kind.python
        alias = f' = Field(serialization_alias="{self.name}")' if self.is_renamed else ""
        return f"{self.attribute}: {python}{self._null}{alias}"

    def _value(self, default: str | None) -> str:
        """Return the default, with the name that clients use."""
        if not self.is_renamed:
            return "" if default is None else f" = {default}"
        inner = default or ""
        if inner.startswith("Field("):
            inner = inner.removeprefix("Field(").removesuffix(")")
        return f' = Field({inner}{", " if inner else ""}alias="{self.name}")'

    @property
    def stem(self) -> str:
        """Return the name, without the `_id` of a reference."""
        return self.name.removesuffix("_id") if self.field.kind.table else self.name

    @property
    def words(self) -> str:
        return self.stem.replace("_", " ")

    @property
    def error(self) -> str:
        """Return the name of the error that a violated constraint raises."""
        return f"Unknown{pascal(self.stem)}" if self.field.kind.table else f"{pascal(self.stem)}Taken"

    @property
    def code(self) -> str:
        return f"unknown_{self.stem}" if self.field.kind.table else f"{self.stem}_taken"

    @property
    def foreign_key(self) -> str:
        return f"fk_{self.plural}_{self.name}_{self.field.kind.table}"

    @property
    def unique_columns(self) -> list[str]:
        within = self.field.unique_within
        return [*([f"{within}_id"] if within else []), self.name]

    @property
    def unique(self) -> str:
        return f"uq_{self.plural}_{'_'.join(self.unique_columns)}"

    @property
    def constraint(self) -> str:
        """Return the name of the constraint that a client can violate."""
        return self.foreign_key if self.field.kind.table else self.unique

    @property
    def left_out(self) -> str:
        """Return the source of the value in a response if the field was omitted."""
        default, kind = self.field.default, self.field.kind
        if default is None:
            return "None"
        if kind.in_model is not str:
            return {"list": "[]", "dict": "{}"}.get(kind.in_model(default)) or kind.in_model(default)
        return default.removeprefix("Decimal(").removesuffix(")")

    def filter_cases(self) -> Iterator[str]:
        kind = self.field.kind
        if kind.pair is None:
            return
        other, one = (f'{{"{self.name}": {value}}}' for value in kind.pair)
        match kind.filters:
            case "range":
                yield f'({one}, {other}, {{"min_{self.name}": {kind.pair[1]}}})'
                yield f'({other}, {one}, {{"max_{self.name}": {kind.pair[0]}}})'
            case "contains":
                yield f'({one}, {other}, {{"{self.name}": {kind.pair[1][1:-1]}}})'
            case "equal":
                yield f"({one}, {other}, {one})"

    @property
    def server_default(self) -> str | None:
        """Return the value for existing rows when the field is added, as PostgreSQL reads it."""
        if self.field.default is None:
            return None
        value = ast.literal_eval(self.left_out)
        return "{}" if value in ([], {}) else str(value)

    @property
    def sa(self) -> str:
        """Return the migration's column in a new table."""
        return f'sa.Column("{self.name}", {self.field.kind.sa}, nullable={self.field.is_optional})'

    @property
    def sa_of_more(self) -> str:
        """Return the migration's column in a table that has rows."""
        default = self.server_default
        given = "" if default is None else f", server_default={json.dumps(default, ensure_ascii=False)}"
        return f"{self.sa.removesuffix(')')}{given})"
