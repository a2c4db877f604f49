"""A mark for public operations, with the reason: `ondol doctor` warns of all other writes without a caller."""

from typing import Any

REASON = "x-public"


def public(reason: str) -> dict[str, Any]:
    """Mark an operation as public: `@router.post(…, openapi_extra=public("Logging in needs no login."))`."""
    return {REASON: reason}
