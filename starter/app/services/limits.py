"""How often one client and one account may try. The rates are settings: LIMITS__…"""

import hashlib
from typing import Literal

from ondol.auth.client import Client
from ondol.rate_limits.limiter import network_of
from ondol.rate_limits.rate import Rate, parse_rate
from ondol.rate_limits.standing import Limit

from app.runtime import Runtime

Counted = Literal["api", "login", "register", "reset", "refresh"]
# What else an account is counted by, anybody can ask for: shown, it would tell how often an account is tried.
_SHOWN_OF_ACCOUNTS = {"api", "refresh"}


class Limits:
    def __init__(self, runtime: Runtime, client: Client) -> None:
        self._limiter, self._settings, self._client = runtime.rate_limiter, runtime.settings.limits, client

    async def count(self, what: Counted, *, account: str | None = None, device: str | None = None) -> None:
        """Count one more, by the client's address and by `account` if there is one; a known `device` of the account
        has a count of its own. Raises TooManyRequests."""
        # The address first: a client that is over its limit must not use up the accounts it tries.
        if rate := self._rate(f"{what}_address"):
            await self._limiter.enforce(Limit(f"{what}-address", network_of(self._client.address), rate), self._client)
        if account is not None:
            await self.count_account(what, account, device)

    async def count_account(self, what: Counted, account: str, device: str | None = None) -> None:
        """The same by the account alone, where it is known only later."""
        if limit := self._of_account(what, account, device):
            await self._limiter.enforce(limit, self._client)

    async def give_back(self, what: Counted, account: str, device: str | None = None) -> None:
        """Take this request out of the account's count: it was its owner's."""
        if limit := self._of_account(what, account, device):
            await self._limiter.give_back(limit)

    def _of_account(self, what: Counted, account: str, device: str | None) -> Limit | None:
        rate = self._rate(f"{what}_account")
        if rate is None:
            return None
        # Hashed: Valkey need not know who has tried to log in.
        key = hashlib.sha256(f"{account}\0{device or ''}".encode(errors="replace")).hexdigest()
        return Limit(f"{what}-account", key, rate, is_shown=what in _SHOWN_OF_ACCOUNTS)

    def _rate(self, name: str) -> Rate | None:
        text: str | None = getattr(self._settings, name)
        return parse_rate(text) if text else None
