"""Device tokens, so that an attack on an account does not lock its owner out.

A device that has logged in keeps a signed token that names the account. Its login attempts are then counted separately
from those of unknown devices (OWASP, "Slow Down Online Guessing Attacks with Device Cookies").
"""

import time

import jwt

from ondol.keys import derived, new_token

ALGORITHM = "HS256"
TOKEN_TYPE = "device"  # noqa: S105
LIFETIME_SECONDS = 365 * 86_400


class DeviceTokens:
    """Issue and read device tokens. `key`, and each key in `accepted`: at least 32 bytes. The keys derived from them
    are bound to this purpose."""

    def __init__(self, key: bytes, *accepted: bytes) -> None:
        self._keys = derived("device", key, *accepted)

    def issue(self, account: str, device: str | None = None) -> str:
        """Return a token, valid for a year, for a device that has just logged in. `device`: its previous id.

        `account`: any text. If it changes with the password, devices that knew the old one become unknown again.
        """
        expires = int(time.time()) + LIFETIME_SECONDS
        claims = {"sub": account, "jti": device or new_token(), "exp": expires, "typ": TOKEN_TYPE}
        return jwt.encode(claims, self._keys[0], algorithm=ALGORITHM)

    def device_of(self, token: str, account: str) -> str | None:
        """Return the id of a device that logged in as `account`; None for any other token."""
        for key in self._keys:
            try:
                claims = jwt.decode(
                    token, key, algorithms=[ALGORITHM], subject=account, options={"require": ["sub", "jti", "exp"]}
                )
            except jwt.InvalidTokenError:
                continue
            return str(claims["jti"]) if claims.get("typ") == TOKEN_TYPE else None
        return None
