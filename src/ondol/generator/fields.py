"""The grammar of a field: `name:type[:argument][:modifier]…`, such as `price:decimal:10,2:min=0:sort`.

It uses no character that is special in bash or zsh, so nothing has to be quoted.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ondol.generator.kinds import numbers, others, text
from ondol.generator.kinds.base import Kind, Refused
from ondol.project import ProjectError

T = TypeVar("T")

GRAMMAR = """\
NAME:TYPE[:ARGUMENT][:MODIFIER]…   e.g.  price:decimal:10,2:min=0:sort

types
  str[:N]         one line of up to N characters (200)       title:str:200
  text[:N]        text of up to N characters (5000)          summary:text:optional
  int             a whole number                             pages:int:min=1
  decimal:P,S     P digits, S of them after the point        price:decimal:10,2
  float           a floating-point number                    score:float:min=0:max=5
  bool            true or false                              is_open:bool:default=false
  date            a day                                      published_on:date:optional
  time            a time of day, without a time zone         opens_at:time
  datetime        a point in time, with its UTC offset       starts_at:datetime:sort
  uuid            a UUID                                     device:uuid
  email           an e-mail address, in lower case           contact:email
  enum:A,B        one of these values                        status:enum:draft,live:default=draft
  list:TYPE       up to 50 of str[:N], int or uuid           tags:list:str:30
  json            a JSON object                              metadata:json
  ref:TABLE       a reference to a row of TABLE              author:ref:authors

modifiers
  optional        may be null or omitted
  unique          a duplicate gets a 409, with its own code  isbn:str:13:unique
  unique=REF      unique among rows with the same reference  name:str:50:unique=author
                  REF of this resource, or the same owner: unique=owner
  default=VALUE   the value if it is omitted                 stock:int:default=0
  min=N  max=N    limits of a number; the database checks min= too
  sort            the list can be sorted by it (adds an index)
  filter          the list can be filtered by it: by equality, by min_… and max_… for numbers and times,
                  by one item of a list. For enum, bool and ref this is always so.
"""

MODIFIERS = "optional, unique, unique=REF, default=VALUE, min=N, max=N, sort, filter"
TYPES = "str, text, int, decimal, float, bool, date, time, datetime, uuid, email, enum, list, json, ref"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
MAX_NAME = 40
OWN_NAMES = {"id", "version", "created_at", "updated_at", "owner_id"}


class SpecError(ProjectError):
    """A wrong specification of a field. The message shows the position."""

    def __init__(self, spec: str, position: int, reason: str) -> None:
        super().__init__(f"{reason}.\n  {spec}\n  {' ' * position}^")


@dataclass(frozen=True)
class Field:
    """A field. `name`: as in JSON and the database. `default`: Python source, or None. `unique_within`: the reference,
    without its `_id`, for each row of which it is unique; "" if it is unique in the table."""

    name: str
    kind: Kind
    is_optional: bool
    is_unique: bool
    unique_within: str
    default: str | None
    sorts: bool
    filters: bool

    @property
    def is_required(self) -> bool:
        return not self.is_optional and self.default is None


@dataclass(frozen=True)
class _Part:
    """The text between two colons, and its position."""

    text: str
    position: int


@dataclass(frozen=True)
class Context:
    """The context of a specification. `class_name`: of the resource. `class_of`: returns the class of a table
    ("Author" for "authors"), or raises Refused for an unknown table."""

    class_name: str
    class_of: Callable[[str], str]


def parse(spec: str, context: Context) -> Field:
    """Return the field that `spec` describes. Raises SpecError."""
    parts: list[_Part] = []
    position = 0
    for part in spec.split(":"):
        parts.append(_Part(part, position))
        position += len(part) + 1
    return _Reader(spec, parts, context).read()


class _Reader:
    def __init__(self, spec: str, parts: list[_Part], context: Context) -> None:
        self._spec, self._parts, self._context = spec, parts, context
        self._given: dict[str, _Part] = {}
        self._item_length = "100"

    def read(self) -> Field:
        name = self._name(self._parts.pop(0))
        if not self._parts:
            raise SpecError(self._spec, len(self._spec), f"{name!r} has no type. Give one, such as `{name}:str:200`")
        type_ = self._parts.pop(0)
        argument = self._argument(type_)
        self._modifiers()
        limits = numbers.Limits(self._limit("min"), self._limit("max"))
        if limits.minimum is not None and limits.maximum is not None and limits.minimum > limits.maximum:
            raise self._wrong(self._given["max"], "max= is less than min=")
        kind = self._at(argument or type_, lambda: self._kind(name, type_, argument, limits))
        name = f"{name}_id" if kind.table else name
        self._check(type_, kind)
        given = self._given.get("default")
        default = self._at(given, lambda: kind.default(given.text.partition("=")[2])) if given else None
        return Field(
            name=name,
            kind=kind,
            is_optional="optional" in self._given,
            is_unique="unique" in self._given,
            unique_within=self._given["unique"].text.partition("=")[2] if "unique" in self._given else "",
            default=default,
            sorts="sort" in self._given,
            filters="filter" in self._given or kind.is_filtered_anyway,
        )

    def _name(self, part: _Part) -> str:
        if not NAME.fullmatch(part.text) or len(part.text) > MAX_NAME:
            raise self._wrong(
                part, f"Invalid field name {part.text!r}. Use up to {MAX_NAME} letters a-z, digits and single _"
            )
        if part.text in OWN_NAMES:
            raise self._wrong(part, f"Every resource already has {part.text!r}")
        return part.text

    def _argument(self, type_: _Part) -> _Part | None:
        """Take the argument of the type from the parts, and return it."""
        match type_.text:
            case "str" | "text" if self._parts and self._parts[0].text.isdigit():
                return self._parts.pop(0)
            case "decimal" | "enum" | "ref" | "list":
                if not self._parts or not self._parts[0].text:
                    after = {"decimal": "10,2", "enum": "draft,live", "ref": "authors", "list": "str"}[type_.text]
                    reason = f"{type_.text} needs an argument, such as `{type_.text}:{after}`"
                    raise SpecError(self._spec, len(self._spec), reason)
                argument = self._parts.pop(0)
                if argument.text == "str" and type_.text == "list" and self._parts and self._parts[0].text.isdigit():
                    self._item_length = self._parts.pop(0).text
                return argument
        return None

    def _modifiers(self) -> None:
        for part in self._parts:
            name, equals, _ = part.text.partition("=")
            takes_value = name in ("default", "min", "max")
            if name not in ("optional", "unique", "sort", "filter") and not takes_value:
                raise self._wrong(part, f"Unknown modifier {part.text!r}. Use one of: {MODIFIERS}")
            if takes_value != bool(equals) and name != "unique":
                needed = f"a value: {name}=…" if takes_value else "no value"
                raise self._wrong(part, f"{name} takes {needed}")
            if name in self._given:
                raise self._wrong(part, f"{name} is given twice")
            self._given[name] = _Part(part.text, part.position)

    def _limit(self, name: str) -> int | None:
        part = self._given.get(name)
        if part is None:
            return None
        value = part.text.partition("=")[2]
        if not re.fullmatch(r"-?[0-9]{1,19}", value) or not numbers.INT64[0] <= int(value) <= numbers.INT64[1]:
            raise SpecError(self._spec, part.position + len(name) + 1, f"{value!r} is not a whole number of 64 bits")
        return int(value)

    def _kind(self, name: str, type_: _Part, argument: _Part | None, limits: numbers.Limits) -> Kind:  # noqa: PLR0912
        if type_.text not in ("int", "float", "decimal") and limits != numbers.Limits():
            raise self._wrong(self._given.get("min") or self._given["max"], "min= and max= are for numbers only")
        given = argument.text if argument else ""
        match type_.text:
            case "str":
                return text.line(name, _length(given or "200"))
            case "text":
                return text.text(name, _length(given or "5000"))
            case "int":
                return numbers.integer(limits)
            case "float":
                return numbers.floating(limits)
            case "decimal":
                return numbers.amount(*_precision(given), limits)
            case "bool":
                return numbers.truth()
            case "date":
                return others.day()
            case "time":
                return others.time_of_day()
            case "datetime":
                return others.moment()
            case "uuid":
                return text.uuid(name)
            case "email":
                return text.email(name)
            case "enum":
                return text.choice(f"{self._context.class_name}{pascal(name)}", _values(given))
            case "list":
                return others.many(self._item(name, given))
            case "json":
                return others.json_object()
            case "ref":
                return others.reference(given, self._context.class_of(given))
        raise self._wrong(type_, f"Unknown type {type_.text!r}. Use one of: {TYPES}")

    def _item(self, name: str, type_: str) -> Kind:
        match type_:
            case "str":
                return text.line(name, _length(self._item_length))
            case "int":
                return numbers.integer(numbers.Limits())
            case "uuid":
                return text.uuid(name)
        raise Refused("A list is of str, int or uuid")

    def _check(self, type_: _Part, kind: Kind) -> None:
        optional, unique = self._given.get("optional"), self._given.get("unique")
        sort, filter_ = self._given.get("sort"), self._given.get("filter")
        if optional and (default := self._given.get("default")):
            raise self._wrong(default, "An optional field takes no default: it is null if omitted")
        if unique and not kind.can_be_unique:
            raise self._wrong(unique, f"A field of type {type_.text} cannot be unique")
        if unique and (default := self._given.get("default")):
            raise self._wrong(default, "A unique field takes no default: the second row with it would be refused")
        if sort and not kind.can_sort:
            raise self._wrong(sort, f"A list cannot be sorted by a field of type {type_.text}")
        if sort and optional:
            raise self._wrong(sort, "A list cannot be sorted by an optional field: null has no place in the order")
        if filter_ and not kind.filters:
            raise self._wrong(filter_, f"A list cannot be filtered by a field of type {type_.text}")

    def _at(self, part: _Part, make: Callable[[], T]) -> T:
        try:
            return make()
        except Refused as refused:
            raise self._wrong(part, str(refused)) from refused

    def _wrong(self, part: _Part, reason: str) -> SpecError:
        return SpecError(self._spec, part.position, reason)


def pascal(name: str) -> str:
    """Return a name as that of a class: `OrderLine` for `order_line`."""
    return "".join(word.capitalize() for word in name.split("_"))


def _length(given: str) -> int:
    if not 1 <= int(given) <= 100_000:
        raise Refused("A length is from 1 to 100000")
    return int(given)


def _precision(given: str) -> tuple[int, int]:
    if not (found := re.fullmatch(r"([0-9]{1,2}),([0-9]{1,2})", given)):
        raise Refused(f"Invalid precision {given!r}. `decimal:10,2` has ten digits, two of them after the point")
    digits, places = int(found[1]), int(found[2])
    if not places < digits <= 30:
        raise Refused("A decimal has up to 30 digits, at least one of them before the point")
    return digits, places


def _values(given: str) -> list[str]:
    values = given.split(",")
    if not all(re.fullmatch(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*", value) for value in values):
        raise Refused("Values have letters a-z, digits, - and _, with commas in between: `enum:draft,live`")
    if len({text.member(value) for value in values}) < len(values):
        raise Refused("A value is given twice")
    return values
