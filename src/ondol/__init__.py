"""Ondol: the production floor under FastAPI services. Import from here the errors that nearly every file raises.

Every module works alone; import all else from the module itself (`ondol.cache`, `ondol.auth.tokens`, …).

    from ondol import NotFound, TooManyRequests
    assert NotFound("No such room.").code == "not_found"
    assert TooManyRequests(headers={"Retry-After": "60"}, limit=5).members == {"limit": 5}
"""

from ondol.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    PreconditionFailed,
    Problem,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)

__all__ = [
    "BadRequest",
    "Conflict",
    "Forbidden",
    "NotFound",
    "PreconditionFailed",
    "Problem",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
]
