"""Ondol: the production floor under FastAPI services.

Every module works alone; import from the module itself (`ondol.cache`, `ondol.auth.tokens`, …). Only the names that
nearly every file of a service uses are re-exported here.
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
