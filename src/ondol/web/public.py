"""A mark for public operations, with the reason.

Use it for a write without a caller: `ondol doctor` warns of others.

    from fastapi import APIRouter
    from ondol.web.public import public
    router = APIRouter()
    @router.post("/login", openapi_extra=public("Logging in needs no login."))
    async def log_in() -> None: ...
"""

from typing import Any

REASON = "x-public"


def public(reason: str) -> dict[str, Any]:
    """Return the `openapi_extra=` of a public operation."""
    return {REASON: reason}
