"""ETag and If-Match from a row's version (RFC 9110, sections 8.8.3 and 13.1.1)."""

import re
from collections.abc import Collection, Iterator
from typing import Annotated, Protocol, TypeVar

from fastapi import Depends, Header, Request, Response

from ondol.errors import BadRequest

MAX_LENGTH = 1_000
# A list may have empty elements (RFC 9110, section 5.6.1).
_TAG = re.compile(r'[ \t,]*(?:W/)?"(?P<tag>[\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?=,|$)')
_VERSION = re.compile(r"v(\d{1,9})")
_PATTERN = r'^(\*|(W/)?"[!#-~]*"(, *(W/)?"[!#-~]*")*)$'


class InvalidPrecondition(BadRequest):
    code = "invalid_precondition"
    detail = "If-Match must be ETags of what you read, or *."


class Versioned(Protocol):
    version: int


V = TypeVar("V", bound=Versioned)


def etag(version: int) -> str:
    return f'"v{version}"'


def with_etag(response: Response, resource: V) -> V:
    """Put the ETag of the resource's version on the response, and return the resource."""
    response.headers["ETag"] = etag(resource.version)
    return resource


async def expected_versions(
    request: Request,
    if_match: Annotated[
        str | None,
        Header(
            max_length=MAX_LENGTH,
            description="The `ETag` of what you read: refuses to change anything newer.",
            json_schema_extra={"pattern": _PATTERN},
        ),
    ] = None,
) -> Collection[int] | None:
    """Return the versions a client insists on; None when it does not. Raises InvalidPrecondition.

    A tag that is none of ours is no version, so nothing matches it (412). A weak tag counts as the strong one: nginx
    and CDNs make it weak when they compress an answer (docs/decisions/0015).
    """
    if if_match is None:
        return None
    value = ", ".join(request.headers.getlist("If-Match")).strip()
    if value == "*":
        return None
    return frozenset(int(version[1]) for tag in _tags(value) if (version := _VERSION.fullmatch(tag)))


def _tags(value: str) -> Iterator[str]:
    position = 0
    while value[position:].strip(" \t,") or position == 0:
        found = _TAG.match(value, position)
        if found is None:
            raise InvalidPrecondition
        yield found["tag"]
        position = found.end()


ExpectedVersions = Annotated[Collection[int] | None, Depends(expected_versions)]
