"""A mark for operations that anybody may call, and why: `ondol doctor` warns of other writes without a caller."""

from typing import Any

REASON = "x-public"


def public(reason: str) -> dict[str, Any]:
    """For `@router.post(…, openapi_extra=public("Logging in needs no login."))`."""
    return {REASON: reason}
