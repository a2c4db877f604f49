"""Refresh tokens: opaque, stored as hashes, rotated at each use, in families (RFC 9700, section 4.14.2).

The successor of a token is derived from it, so a client whose answer got lost can ask again within a few seconds and
gets the same one; nobody who reads the database can derive anything.
"""

import base64
import hmac
from datetime import datetime, timedelta
from enum import Enum, auto

from ondol.keys import derived


class RefreshVerdict(Enum):
    ROTATE = auto()
    """First use: give the successor."""
    REPEAT = auto()
    """A retry of a use a moment ago: give the same successor."""
    REUSED = auto()
    """An old token: somebody copied it. Revoke the whole family."""
    REFUSED = auto()
    """Expired or revoked."""


class RefreshTokens:
    """Makes the successors of tokens. `key`, and each of the keys it takes turns with: at least 32 bytes."""

    def __init__(self, key: bytes, *accepted: bytes) -> None:
        self._keys = derived("refresh", key, *accepted)

    def successors(self, token: str) -> tuple[str, ...]:
        """The successor to give; then what it was if another key was the first one when `token` was used."""
        return tuple(
            base64.urlsafe_b64encode(hmac.digest(key, token.encode(), "sha256")).decode().rstrip("=")
            for key in self._keys
        )


def judge(
    *,
    used_at: datetime | None,
    expires_at: datetime,
    revoked_at: datetime | None,
    now: datetime,
    retry_seconds: float,
) -> RefreshVerdict:
    """What a refresh token that was presented is good for. All times are aware. `retry_seconds=0`: no second chance."""
    if revoked_at is not None or expires_at <= now:
        return RefreshVerdict.REFUSED
    if used_at is None:
        return RefreshVerdict.ROTATE
    if retry_seconds and now - used_at <= timedelta(seconds=retry_seconds):
        return RefreshVerdict.REPEAT
    return RefreshVerdict.REUSED
