"""Refresh tokens: opaque, stored as hashes, rotated at each use, in families (RFC 9700, section 4.14.2).

The successor of a token is derived from it, so a client whose answer got lost can ask again within a few seconds and
gets the same one; nobody who reads the database can derive anything.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from enum import Enum, auto


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
    """Makes tokens and their successors. `key`: at least 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.sha256(b"ondol.refresh:" + key).digest()

    def first(self) -> str:
        """The first token of a new family, 256 random bits."""
        return secrets.token_urlsafe(32)

    def successor(self, token: str) -> str:
        return base64.urlsafe_b64encode(hmac.digest(self._key, token.encode(), "sha256")).decode().rstrip("=")

    @staticmethod
    def digest(token: str) -> bytes:
        """What is stored. A plain hash suffices: the token itself is random."""
        return hashlib.sha256(token.encode(errors="replace")).digest()


def judge(
    *,
    used_at: datetime | None,
    expires_at: datetime,
    revoked_at: datetime | None,
    now: datetime,
    retry_seconds: float,
) -> RefreshVerdict:
    """What a refresh token that was presented is good for. All times are aware."""
    if revoked_at is not None or expires_at <= now:
        return RefreshVerdict.REFUSED
    if used_at is None:
        return RefreshVerdict.ROTATE
    if now - used_at <= timedelta(seconds=retry_seconds):
        return RefreshVerdict.REPEAT
    return RefreshVerdict.REUSED
