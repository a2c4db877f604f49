"""The columns to select and the relations to load for a schema of a model."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Generic, TypeVar, get_args

from pydantic import BaseModel
from sqlalchemy import Row, Select, inspect
from sqlalchemy.orm import Mapper, joinedload, load_only, selectinload

R = TypeVar("R", bound=BaseModel)
# Entities loaded for reading are separate objects from those held for writing: neither changes the other.
_APART = {"identity_token": "shown", "populate_existing": True}


class Shown(Generic[R]):
    """The part of `model` that `schema` shows. Names are the same in both.

    A schema of plain columns selects these. A schema with relations loads entities with only the shown columns: a
    joined row for each `Model | None`, an additional statement for each `list[Model]`. A field that the model does not
    have keeps its default. Raises TypeError for such a field without a default, for a field that is neither a column
    nor a relation (a property), and for a schema that contains itself.
    """

    def __init__(self, model: type[Any], schema: type[R], within: tuple[type[BaseModel], ...] = ()) -> None:
        self._model, self.schema = model, schema
        self._within: tuple[type[BaseModel], ...] = (*within, schema)

    @property
    def is_plain(self) -> bool:
        """Return whether the schema shows only columns."""
        return not self._relations

    def of(self, statement: Select[Any]) -> Select[Any]:
        """Limit a statement that selects the model to the shown columns and relations."""
        if self._relations:
            return statement.options(*self._options).execution_options(**_APART)
        return statement.with_only_columns(*self._columns)

    def read(self, row: Row[Any]) -> R:
        """Return the schema of a row of a statement from `of`."""
        return self.schema.model_validate(row[0] if self._relations else dict(row._mapping), from_attributes=True)

    @cached_property
    def _mapper(self) -> Mapper[Any]:
        mapper: Mapper[Any] = inspect(self._model)
        return mapper

    @cached_property
    def _columns(self) -> list[Any]:
        names, relations = self._mapper.column_attrs.keys(), self._mapper.relationships
        for name, field in self.schema.model_fields.items():
            if name not in names and name not in relations and (field.is_required() or hasattr(self._model, name)):
                problem = f"{self._model.__name__} has no such column or relation"
                raise TypeError(f"{self.schema.__name__}.{name}: {problem}.")
        return [getattr(self._model, name) for name in self.schema.model_fields if name in names]

    @cached_property
    def names(self) -> list[str]:
        """The names of the fields that are columns, in their order in a row."""
        return [name for name in self.schema.model_fields if name in self._mapper.column_attrs]

    @cached_property
    def _relations(self) -> list[str]:
        return [name for name in self.schema.model_fields if name in self._mapper.relationships]

    @cached_property
    def _options(self) -> list[Any]:
        keys = [self._mapper.get_property_by_column(column).class_attribute for column in self._mapper.primary_key]
        return [load_only(*keys, *self._columns, raiseload=True), *self._loaders()]

    def _loaders(self) -> Iterator[Any]:
        for name in self._relations:
            relation, attribute = self._mapper.relationships[name], getattr(self._model, name)
            schema = _schema_in(self.schema.model_fields[name].annotation)
            if schema in self._within:
                raise TypeError(f"{self.schema.__name__}.{name}: {schema.__name__} contains itself without end.")
            load = selectinload(attribute) if relation.uselist else joinedload(attribute)
            yield load.options(*Shown(relation.mapper.class_, schema, self._within)._options)


def _schema_in(annotation: Any) -> type[BaseModel]:
    """Return the schema in `Schema`, `Schema | None` or `list[Schema]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(_schema_in(each) for each in get_args(annotation) if each is not type(None))
