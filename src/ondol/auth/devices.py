"""Which devices an account has logged in from, so that an attack on it does not lock its owner out.

A device that logged in keeps a signed token that names the account. Its attempts are then counted apart from those of
strangers (OWASP, "Slow Down Online Guessing Attacks with Device Cookies").
"""

import time

import jwt

from ondol.keys import derived, new_token

ALGORITHM = "HS256"
TOKEN_TYPE = "device"  # noqa: S105
LIFETIME_SECONDS = 365 * 86_400


class DeviceTokens:
    """Issues and reads. `key`, and each key in `accepted`: at least 32 bytes; what is derived from them here is of no
    use elsewhere."""

    def __init__(self, key: bytes, *accepted: bytes) -> None:
        self._keys = derived("device", key, *accepted)

    def issue(self, account: str, device: str | None = None) -> str:
        """For a device that has just proved to be `account`'s; good for a year. `device`: the id it had before.

        `account`: any text; let it change with the password, and whoever had the former one is a stranger again.
        """
        expires = int(time.time()) + LIFETIME_SECONDS
        claims = {"sub": account, "jti": device or new_token(), "exp": expires, "typ": TOKEN_TYPE}
        return jwt.encode(claims, self._keys[0], algorithm=ALGORITHM)

    def device_of(self, token: str, account: str) -> str | None:
        """The id of a device that logged in as `account`; None for any other token."""
        for key in self._keys:
            try:
                claims = jwt.decode(
                    token, key, algorithms=[ALGORITHM], subject=account, options={"require": ["sub", "jti", "exp"]}
                )
            except jwt.InvalidTokenError:
                continue
            return str(claims["jti"]) if claims.get("typ") == TOKEN_TYPE else None
        return None
