"""Rate limits by client address and by account. The rates are settings: LIMITS__…"""

import hashlib
from typing import Literal

from ondol.auth.client import Client
from ondol.rate_limits.limiter import network_of
from ondol.rate_limits.rate import Rate, parse_rate
from ondol.rate_limits.standing import Limit

from app.runtime import Runtime

Counted = Literal["api", "login", "register", "reset", "refresh"]
# Only these need a valid token. Showing the others would reveal to anyone how often an account is tried.
_SHOWN_OF_ACCOUNTS = {"api", "refresh"}


class Limits:
    def __init__(self, runtime: Runtime, client: Client) -> None:
        self._limiter, self._settings, self._client = runtime.rate_limiter, runtime.settings.limits, client

    async def count(self, what: Counted, *, account: str | None = None, device: str | None = None) -> None:
        """Count a request by client address and, if given, by `account`. A known `device` of the account is counted
        separately. Raises TooManyRequests."""
        # The address first: a client over its limit must not use up the limits of accounts.
        if rate := self._rate(f"{what}_address"):
            await self._limiter.enforce(Limit(f"{what}-address", network_of(self._client.address), rate), self._client)
        if account is not None:
            await self.count_account(what, account, device)

    async def count_account(self, what: Counted, account: str, device: str | None = None) -> None:
        """Count a request by account only, where the account is known later. Raises TooManyRequests."""
        if limit := self._of_account(what, account, device):
            await self._limiter.enforce(limit, self._client)

    async def give_back(self, what: Counted, account: str, device: str | None = None) -> None:
        """Uncount this request for the account, because its owner made it."""
        if limit := self._of_account(what, account, device):
            await self._limiter.give_back(limit)

    def _of_account(self, what: Counted, account: str, device: str | None) -> Limit | None:
        rate = self._rate(f"{what}_account")
        if rate is None:
            return None
        # Hashed, so that Valkey does not store who tried to log in.
        key = hashlib.sha256(f"{account}\0{device or ''}".encode(errors="replace")).hexdigest()
        return Limit(f"{what}-account", key, rate, is_shown=what in _SHOWN_OF_ACCOUNTS)

    def _rate(self, name: str) -> Rate | None:
        text: str | None = getattr(self._settings, name)
        return parse_rate(text) if text else None
