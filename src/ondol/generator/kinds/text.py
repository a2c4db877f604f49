"""Text, and values written as text in a fixed form: e-mail address, UUID, enum."""

import json
from collections.abc import Callable, Sequence

from ondol.generator.kinds.base import Kind, Refused


def line(name: str, length: int) -> Kind:
    return Kind(
        python="str",
        column=f"String({length})",
        sa=f"sa.String(length={length})",
        schema=f'Annotated[Line, StringConstraints(max_length={length:_}), Field(examples=["{_words(name, length)}"])]',
        query=f"Annotated[Line, StringConstraints(max_length={length:_})]",
        good=_numbered(name, length),
        pair=('"a"', '"b"'),
        default=_default(1, length),
        can_sort=True,
        can_be_unique=True,
        can_search=length >= 10,
        filters="equal",
    )


def text(name: str, length: int) -> Kind:
    return Kind(
        python="str",
        column="Text",
        sa="sa.Text()",
        schema=f"Annotated[Text, StringConstraints(max_length={length:_})]",
        good=_numbered(name, length),
        default=_default(0, length),
        can_search=length >= 10,
    )


def email(name: str) -> Kind:
    return Kind(
        python="str",
        column="String(254)",
        sa="sa.String(length=254)",
        schema="Email",
        query="Email",
        good=f'f"{name}{{number:06}}@example.com"',
        pair=('"a@example.com"', '"b@example.com"'),
        can_sort=True,
        can_be_unique=True,
        filters="equal",
    )


def uuid(name: str) -> Kind:
    return Kind(
        python="UUID",
        sa="sa.Uuid()",
        schema="UUID",
        query="UUID",
        good='f"00000000-0000-4000-8000-{number:012}"',
        pair=('"00000000-0000-4000-8000-00000000000a"', '"00000000-0000-4000-8000-00000000000b"'),
        can_be_unique=True,
        filters="equal",
    )


def choice(enum: str, values: Sequence[str]) -> Kind:
    """Return the kind of an enum. `enum`: the name of its class."""
    length = max(20, *map(len, values))
    listed = ", ".join(f'"{value}"' for value in values)

    def default(given: str) -> str:
        if given not in values:
            raise Refused(f"The default is one of {', '.join(values)}")
        return f"{enum}.{member(given)}"

    return Kind(
        python=enum,
        column=f"String({length})",
        sa=f"sa.String(length={length})",
        schema=enum,
        query=enum,
        good=f"[{listed}][number % {len(values)}]",
        pair=(f'"{values[0]}"', f'"{values[-1]}"') if len(values) > 1 else None,
        default=default,
        in_model=lambda source: next(f'"{value}"' for value in values if source == f"{enum}.{member(value)}"),
        filters="equal",
        is_filtered_anyway=True,
        choices=values,
    )


def member(value: str) -> str:
    """Return the name of a value within its enum."""
    return value.upper().replace("-", "_")


def _default(least: int, most: int) -> Callable[[str], str]:
    def default(given: str) -> str:
        if not least <= len(given) <= most:
            raise Refused(f"The default has {least} to {most} characters")
        return json.dumps(given, ensure_ascii=False)

    return default


def _words(name: str, length: int) -> str:
    return name.replace("_", " ")[:length].strip()


def _numbered(name: str, length: int) -> str:
    if len(name) + 7 <= length:
        return f'f"{_words(name, length)} {{number}}"'
    digits = min(length, 9)
    return f'f"{{number % 10**{digits}:0{digits}}}"'
