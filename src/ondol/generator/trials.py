"""What the tests of a resource try and expect, as source."""

from collections.abc import Iterator
from dataclasses import dataclass

from ondol.generator.columns import Column
from ondol.generator.resource import Readers, Resource

Answers = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Trials:
    resource: Resource

    @property
    def maker(self) -> str:
        """Who makes one: the fixture."""
        return "customer" if self.resource.is_owned else "admin"

    @property
    def answers(self) -> Answers:
        """The status that each caller gets, by operation. The customer owns what there is, if anybody does."""
        resource = self.resource
        callers = ["anonymous", *(["other"] if resource.is_owned else []), "customer", "admin"]

        def told(anonymous: int, other: int, customer: int, admin: int) -> dict[str, int]:
            everybody = {"anonymous": anonymous, "other": other, "customer": customer, "admin": admin}
            return {caller: everybody[caller] for caller in callers}

        stranger = 404 if resource.is_private else 200
        refused = 403 if not resource.is_owned else 0
        reads = 403 if not resource.is_owned and resource.readers is Readers.NOBODY else 200
        return {
            "list": told(200 if resource.is_public else 401, 200, reads, 200),
            "create": told(401, 201, refused or 201, 201),
            "get": told(200 if resource.is_public else 401, stranger, reads, 200),
            "update": told(401, 404, refused or 200, 200),
            "delete": told(401, 404, refused or 204, 204),
        }

    @property
    def is_numbered(self) -> bool:
        """Whether the body of one is made from its number."""
        others = (column.field.kind for column in self.resource.columns)
        return any("number" in kind.good for kind in others if kind.table != self.resource.plural)

    @property
    def required_names(self) -> list[str]:
        return [column.name for column in self.resource.columns if column.field.is_required]

    @property
    def left_out(self) -> list[tuple[str, str]]:
        """What need not be given: its name, and its value then."""
        return [(c.name, _default_in_json(c)) for c in self.resource.columns if not c.field.is_required]

    @property
    def sorts(self) -> list[str]:
        names = ["created_at", *(column.name for column in self.resource.sorted)]
        return [sign + name for name in names for sign in ("-", "")]

    @property
    def decimals(self) -> list[str]:
        """Sorts whose values are numbers written as text."""
        return [column.name for column in self.resource.sorted if column.field.kind.python == "Decimal"]

    @property
    def filters(self) -> list[str]:
        """Fields of one that is wanted, of one that is not, and the query."""
        return [case for column in self.resource.filtered for case in _filters(column)]

    @property
    def budget(self) -> list[tuple[str, int]]:
        """Requests, and how many statements each may send."""
        resource = self.resource
        asked = sum(column.field.kind.table != resource.plural for column in resource.private_references)
        announced = int(resource.cache_seconds is not None)
        reads = [("GET", "url", 1), ("GET", "url", 0)] if resource.cache_seconds else [("GET", "url", 1)]
        return [
            *((f'sent("{method}", {address})', number) for method, address, number in reads),
            ('sent("GET", URL)', 1),
            ('sent("POST", URL, json=body)', 1 + asked),
            ('sent("PATCH", url, json=another)', 2 + asked + announced),
            ('sent("DELETE", url)', 2 + announced),
        ]


def _default_in_json(column: Column) -> str:
    default, kind = column.field.default, column.field.kind
    if default is None:
        return "None"
    if kind.in_model is not str:
        return {"list": "[]", "dict": "{}"}.get(kind.in_model(default)) or kind.in_model(default)
    return default.removeprefix("Decimal(").removesuffix(")")


def _filters(column: Column) -> Iterator[str]:
    kind = column.field.kind
    if kind.pair is None:
        return
    other, one = (f'{{"{column.name}": {value}}}' for value in kind.pair)
    match kind.filters:
        case "range":
            yield f'({one}, {other}, {{"min_{column.name}": {kind.pair[1]}}})'
            yield f'({other}, {one}, {{"max_{column.name}": {kind.pair[0]}}})'
        case "contains":
            yield f'({one}, {other}, {{"{column.name}": {kind.pair[1][1:-1]}}})'
        case "equal":
            yield f"({one}, {other}, {one})"
