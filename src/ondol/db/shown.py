"""What of a model a schema shows: the columns to select and the relations to load, and no others."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, get_args

from pydantic import BaseModel
from sqlalchemy import Row, Select, inspect
from sqlalchemy.orm import Mapper, joinedload, load_only, selectinload


class Shown:
    """The part of `model` that `schema` shows. Names are the same in both.

    A schema of plain columns selects these. One with relations loads entities, with their shown columns alone: a
    joined row for each `Model | None`, one more statement for each `list[Model]`. Raises TypeError where the model
    has no such attribute.
    """

    def __init__(self, model: type[Any], schema: type[BaseModel]) -> None:
        self._model, self._schema = model, schema

    def of(self, statement: Select[Any]) -> Select[Any]:
        """Return the statement, which selects the model, with only what is shown."""
        if self._relations:
            return statement.options(*self._options)
        return statement.with_only_columns(*self._columns)

    def read(self, row: Row[Any]) -> Any:
        """Return the schema of one row of such a statement."""
        return self._schema.model_validate(row[0] if self._relations else dict(row._mapping), from_attributes=True)

    @cached_property
    def _mapper(self) -> Mapper[Any]:
        mapper: Mapper[Any] = inspect(self._model)
        return mapper

    @cached_property
    def _columns(self) -> list[Any]:
        names = self._mapper.column_attrs.keys()
        for name, field in self._schema.model_fields.items():
            if name not in names and name not in self._mapper.relationships and field.is_required():
                raise TypeError(f"{self._schema.__name__}.{name}: {self._model.__name__} has no such attribute.")
        return [getattr(self._model, name) for name in self._schema.model_fields if name in names]

    @cached_property
    def _relations(self) -> list[str]:
        return [name for name in self._schema.model_fields if name in self._mapper.relationships]

    @cached_property
    def _options(self) -> list[Any]:
        return [load_only(*self._columns, raiseload=True), *self._loaders()]

    def _loaders(self) -> Iterator[Any]:
        for name in self._relations:
            relation, attribute = self._mapper.relationships[name], getattr(self._model, name)
            load = selectinload(attribute) if relation.uselist else joinedload(attribute)
            part = Shown(relation.mapper.class_, _schema_in(self._schema.model_fields[name].annotation))
            yield load.options(*part._options)


def _schema_in(annotation: Any) -> type[BaseModel]:
    """Return the schema in `Schema`, `Schema | None` or `list[Schema]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(_schema_in(each) for each in get_args(annotation) if each is not type(None))
