"""Ondol: the production floor under FastAPI services.

Every module works alone; import what you need from where it lives (`ondol.cache`, `ondol.auth.tokens`, …). Only what
nearly every file of a service names is re-exported here.
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
