"""Access tokens: short-lived JWTs that are verified without a round trip (RFC 7519, RFC 9068, RFC 8725)."""

import time
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

import jwt
from uuid_utils.compat import uuid7

from ondol.errors import Unauthorized

ALGORITHM = "HS256"
TOKEN_TYPE = "access"  # noqa: S105
_REQUIRED = ["iss", "aud", "sub", "sid", "scope", "iat", "nbf", "exp", "jti", "typ"]
_LEEWAY_SECONDS = 5
_REMEMBERED_TOKENS = 4_096


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a valid token says. `expires_at` in seconds since the epoch."""

    user_id: UUID
    session_id: UUID
    scopes: frozenset[str]
    expires_at: int


class AccessTokens:
    """Issues and verifies. `key`: at least 32 bytes (RFC 7518, section 3.2)."""

    def __init__(self, key: str, *, issuer: str, audience: str, lifetime_seconds: int) -> None:
        self._key, self._issuer, self._audience = key, issuer, audience
        self.lifetime_seconds = lifetime_seconds
        # The signature of one token is checked once; its expiry at each use.
        self._decode = lru_cache(maxsize=_REMEMBERED_TOKENS)(self._decode_now)

    def issue(self, *, user_id: UUID, session_id: UUID, scopes: frozenset[str]) -> str:
        now = int(time.time())
        return jwt.encode(
            {
                "iss": self._issuer,
                "aud": self._audience,
                "sub": str(user_id),
                "sid": str(session_id),
                "scope": " ".join(sorted(scopes)),
                "iat": now,
                "nbf": now,
                "exp": now + self.lifetime_seconds,
                "jti": str(uuid7()),
                "typ": TOKEN_TYPE,
            },
            self._key,
            algorithm=ALGORITHM,
        )

    def verify(self, token: str) -> AccessClaims:
        """Raises Unauthorized for anything but a token of ours that is valid now."""
        claims = self._decode(token)
        if claims.expires_at <= time.time():
            raise Unauthorized
        return claims

    def _decode_now(self, token: str) -> AccessClaims:
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": _REQUIRED},
            )
            if claims["typ"] != TOKEN_TYPE:
                raise Unauthorized
            return AccessClaims(
                UUID(claims["sub"]),
                UUID(claims["sid"]),
                frozenset(str(claims["scope"]).split()),
                int(claims["exp"]),
            )
        except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError) as error:
            raise Unauthorized from error
