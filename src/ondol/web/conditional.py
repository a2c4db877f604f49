"""ETag and If-Match from a row's version (RFC 9110, sections 8.8.3 and 13.1.1)."""

import re
from typing import Annotated

from fastapi import Depends, Header

from ondol.errors import BadRequest

_ETAG = re.compile(r'"v(\d{1,9})"')


class InvalidPrecondition(BadRequest):
    code = "invalid_precondition"
    detail = "If-Match must be the ETag of what you read, or *."


def etag(version: int) -> str:
    return f'"v{version}"'


async def expected_version(
    if_match: Annotated[
        str | None,
        Header(
            max_length=100,
            description="The `ETag` of what you read: refuses to change anything newer.",
            json_schema_extra={"pattern": r'^(\*|"v[0-9]{1,9}")$'},
        ),
    ] = None,
) -> int | None:
    """The version a client insists on; None when it does not. Raises InvalidPrecondition for a tag that is not ours."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _ETAG.fullmatch(if_match.strip())
    if not found:
        raise InvalidPrecondition
    return int(found.group(1))


ExpectedVersion = Annotated[int | None, Depends(expected_version)]
