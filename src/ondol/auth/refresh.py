"""Refresh tokens: opaque, stored as hashes, rotated at each use, in families (RFC 9700, section 4.14.2).

Use them to renew access tokens. The successor of a token is derived from it with a key, so a client that lost the
response can retry within a few seconds and gets the same one. A reader of the database cannot derive it.

    from datetime import UTC, datetime, timedelta
    from ondol.auth.refresh import RefreshVerdict, judge
    now, end = datetime.now(UTC), datetime.now(UTC) + timedelta(days=14)
    verdict = judge(used_at=None, expires_at=end, revoked_at=None, now=now, retry_seconds=10)
    assert verdict is RefreshVerdict.ROTATE
"""

import base64
import hmac
from datetime import datetime, timedelta
from enum import Enum, auto

from ondol.keys import derived


class RefreshVerdict(Enum):
    """The answer to a refresh token."""

    ROTATE = auto()
    """First use: return the successor."""
    REPEAT = auto()
    """A retry shortly after the first use: return the same successor."""
    REUSED = auto()
    """A used token was sent again, so it was probably copied. Revoke the whole family."""
    REFUSED = auto()
    """Expired or revoked."""


class RefreshTokens:
    """Derive the successors of tokens. `key`, and each key in `accepted`: at least 32 bytes."""

    def __init__(self, key: bytes, *accepted: bytes) -> None:
        self._keys = derived("refresh", key, *accepted)

    def successors(self, token: str) -> tuple[str, ...]:
        """Return the possible successors: with the current key first, then with each other accepted key."""
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
    """Decide about a refresh token that a client sent. All times are aware. `retry_seconds=0`: no retries."""
    if revoked_at is not None or expires_at <= now:
        return RefreshVerdict.REFUSED
    if used_at is None:
        return RefreshVerdict.ROTATE
    if retry_seconds and now - used_at <= timedelta(seconds=retry_seconds):
        return RefreshVerdict.REPEAT
    return RefreshVerdict.REUSED
