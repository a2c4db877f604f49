"""Access tokens: short-lived JWTs that are verified without a round trip (RFC 7519, RFC 9068, RFC 8725).

Use them to authenticate requests; a login session ends with its refresh tokens (`ondol.auth.refresh`).

    from uuid import uuid4
    from ondol.auth.tokens import AccessTokens
    tokens = AccessTokens("k" * 32, issuer="shop", audience="shop", lifetime_seconds=600)
    token = tokens.issue(user_id=uuid4(), session_id=uuid4(), scopes=frozenset({"orders:read"}))
    assert tokens.verify(token).scopes == {"orders:read"}
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from uuid import UUID

import jwt
from pydantic import BaseModel, ConfigDict, Field
from uuid_utils.compat import uuid7

from ondol.auth.options import AuthSettings
from ondol.errors import Unauthorized
from ondol.keys import key_id

ALGORITHM = "HS256"
TOKEN_TYPE = "access"  # noqa: S105
_REQUIRED = ["iss", "aud", "sub", "sid", "scope", "iat", "nbf", "exp", "jti", "typ"]
_LEEWAY_SECONDS = 5
_REMEMBERED_TOKENS = 4_096


class TokenPair(BaseModel):
    """The response to a login or refresh (RFC 6749, section 5.1). In browser mode both tokens are in cookies and empty
    here."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105
    expires_in: int = Field(description="Seconds until the access token expires.", examples=[600])
    refresh_token: str
    scope: str = Field(description="Scopes of the access token, separated by spaces.")


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """The claims of a valid token. `expires_at` is in seconds since the epoch."""

    user_id: UUID
    session_id: UUID
    scopes: frozenset[str]
    expires_at: int


class AccessTokens:
    """Issue and verify access tokens.

    `key` signs; signatures of the keys in `accepted` are valid too. Each has at least 32 bytes (RFC 7518, 3.2).
    """

    def __init__(
        self, key: str, *, issuer: str, audience: str, lifetime_seconds: int, accepted: Sequence[str] = ()
    ) -> None:
        self._issuer, self._audience = issuer, audience
        self._key, self._key_id = key, key_id(key)
        self._keys = {key_id(each): each for each in (key, *accepted)}
        self.lifetime_seconds = lifetime_seconds
        # The signature of a token is checked once, its expiry at each use.
        self._decode = lru_cache(maxsize=_REMEMBERED_TOKENS)(self._decode_now)

    def issue(self, *, user_id: UUID, session_id: UUID, scopes: frozenset[str]) -> str:
        """Return a signed token that is valid from now for `lifetime_seconds` (RFC 9068, section 2.2)."""
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
            headers={"kid": self._key_id},
        )

    def verify(self, token: str) -> AccessClaims:
        """Return the claims of a token. Raises Unauthorized unless this service issued it and it is valid now."""
        claims = self._decode(token)
        if claims.expires_at <= time.time():
            raise Unauthorized
        return claims

    def _decode_now(self, token: str) -> AccessClaims:
        try:
            # The unverified `kid` only selects one of this service's secrets; an unknown one is refused.
            key = self._keys[jwt.get_unverified_header(token)["kid"]]
            claims = jwt.decode(
                token,
                key,
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
        except (jwt.InvalidTokenError, LookupError, ValueError, TypeError, AttributeError) as error:
            raise Unauthorized from error


def tokens_for(auth: AuthSettings) -> AccessTokens:
    """Return the tokens that the settings AUTH__… describe."""
    signing, *accepted = auth.secrets
    return AccessTokens(
        signing,
        issuer=auth.issuer,
        audience=auth.audience,
        lifetime_seconds=auth.access_token_seconds,
        accepted=accepted,
    )
