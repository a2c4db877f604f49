"""A lock in Valkey for one load: an optimisation, so it need not be perfect, only end."""

import contextlib
from secrets import token_hex

from redis.asyncio.client import Pipeline

from ondol.cache.valkey import Valkey, ValkeyDown

LOCK_SECONDS = 2.0

# Only the owner's own lock: it may have ended, and be another's by now.
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class Lock:
    """Held for LOCK_SECONDS at most."""

    def __init__(self, valkey: Valkey, key: str) -> None:
        self._valkey, self._key = valkey, key
        self._mine = token_hex(8).encode()
        self._tried = False

    async def acquire(self) -> bool:
        """Whether it is ours now. Raises ValkeyDown."""
        self._tried = True

        def fill(pipeline: Pipeline) -> None:
            pipeline.set(self._key, self._mine, nx=True, px=int(LOCK_SECONDS * 1000))
            pipeline.get(self._key)  # says the same also when the commands ran twice

        return bool((await self._valkey.execute(fill))[-1] == self._mine)

    async def release(self) -> None:
        """Does nothing for a lock that is not ours."""
        if self._tried:
            with contextlib.suppress(ValkeyDown):
                await self._valkey.execute(lambda pipeline: pipeline.eval(_RELEASE, 1, self._key, self._mine))
