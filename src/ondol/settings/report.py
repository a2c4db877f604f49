"""The effective settings and their sources."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, SecretStr

from ondol.settings import Settings


@dataclass(frozen=True)
class EffectiveSetting:
    """`source`: "environment", ".env", "secrets folder" or "default". A secret's `value` is masked."""

    name: str
    value: str
    source: str


def effective(settings: Settings) -> list[EffectiveSetting]:
    """Return every setting with its value and source."""
    given = [(name, source()) for name, source in type(settings).sources.items()]
    return [
        EffectiveSetting("__".join(path).upper(), _shown(value), _source(path, given))
        for path, value in _leaves(settings)
    ]


def _leaves(model: BaseModel, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name), value


def _shown(value: Any) -> str:
    return "********" if isinstance(value, SecretStr) else str(value)


def _source(path: tuple[str, ...], given: list[tuple[str, dict[str, Any]]]) -> str:
    for name, values in given:
        found: Any = values
        for part in path:
            found = found.get(part) if isinstance(found, dict) else None
        if found is not None:
            return name
    return "default"
