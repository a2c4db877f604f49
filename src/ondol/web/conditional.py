"""ETag, If-Match and If-None-Match from a row's version (RFC 9110, sections 8.8.3 and 13.1).

Use it where two clients may change the same resource: the one that read an older version gets a 412.

    from fastapi import FastAPI
    from fastapi.testclient import TestClient
    from ondol.web.conditional import ExpectedVersions, etag
    app = FastAPI()
    @app.put("/note")
    async def change(expected: ExpectedVersions) -> list[int]:
        return sorted(expected or ())  # a service passes them to `row.require_version`
    assert TestClient(app).put("/note", headers={"If-Match": etag(7)}).json() == [7]
"""

import re
from collections.abc import Collection, Iterator
from functools import cache
from hashlib import blake2b
from typing import Annotated, Any, Protocol, TypeVar
from uuid import UUID

from fastapi import Depends, Header, Request, Response

from ondol.errors import BadRequest

MAX_LENGTH = 1_000
# A list may have empty elements (RFC 9110, section 5.6.1).
_TAG = re.compile(r'[ \t,]*(?:W/)?"(?P<tag>[\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?=,|$)')
_VERSION = re.compile(r"v(\d{1,9})(?:-[0-9a-f]{16})?")
_PATTERN = r'^(\*|(W/)?"[!#-~]*"(, *(W/)?"[!#-~]*")*)$'


class InvalidPrecondition(BadRequest):
    code = "invalid_precondition"
    detail = "If-Match must be a list of ETags or *."


class Versioned(Protocol):
    """A schema with the id and the version of its row."""

    id: UUID
    version: int


V = TypeVar("V", bound=Versioned)


def etag(version: int, *shown: object) -> str:
    """Return the ETag of a version. `shown`: other values that the response depends on."""
    digest = f"-{blake2b(repr(shown).encode(), digest_size=8).hexdigest()}" if shown else ""
    return f'"v{version}{digest}"'


def with_etag(response: Response, resource: V, *also: object) -> V:
    """Set the ETag of the resource on the response, and return the resource.

    The tag differs for another row, and for another set of fields after a deployment. `also`: values in the response
    that can change without the version.
    """
    response.headers["ETag"] = etag(resource.version, resource.id, _shape(type(resource)), *also)
    return resource


@cache
def _shape(schema: type[Any]) -> str:
    return ",".join(field.serialization_alias or name for name, field in schema.model_fields.items())


def is_known(if_none_match: str, etag: str) -> bool:
    """Return whether If-None-Match contains this ETag, by weak comparison. A malformed list contains none."""
    if not etag:
        return False
    try:
        return if_none_match.strip() == "*" or etag.removeprefix("W/").strip('"') in _tags(if_none_match)
    except InvalidPrecondition:
        return False


async def expected_versions(
    request: Request,
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            max_length=MAX_LENGTH,
            description="The `ETag` you read. The request fails with 412 if there is a newer version.",
            json_schema_extra={"pattern": _PATTERN},
        ),
    ] = None,
) -> Collection[int] | None:
    """Return the versions in If-Match; None without a condition. Raises InvalidPrecondition.

    An unknown tag has no version, so it never matches (412). A weak tag counts as the strong one: nginx and CDNs
    weaken it when they compress a response (docs/decisions/0015).
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
