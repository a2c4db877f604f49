"""The read-through cache.

It guarantees that no read returns an older value once the response to a write was sent: with Valkey up, down, hung,
restarted or back with old data. With `memory_seconds`, other processes may do so until they are notified of the write.

Every tag has a generation in Valkey: a random value that an invalidation replaces. A stored value carries the
generations its tags had *before* it was loaded, and is a hit only while they are unchanged; so a value that was loaded
before a commit and stored after it is never read. An invalidation happens between the commit and the response. If
Valkey does not accept it, the process keeps it and delivers it before it uses Valkey again; PostgreSQL notifies all
other processes, which do the same. Keys contain the server's run id, so data of another server is not found. All values
share one tag, which a process renews before its first read and when it may have missed a notification.

If a writer cannot reach a Valkey that others can reach, they may read the old value until PostgreSQL notifies them.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from secrets import token_hex
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from redis.asyncio.client import Pipeline
from sqlalchemy.ext.asyncio import AsyncSession

from ondol.cache.flights import Flights, Generations, OwnerCancelled
from ondol.cache.memory import EVERYTHING, Memory
from ondol.cache.notifications import Notifications, bounded
from ondol.db.commit import after_commit, before_commit
from ondol.valkey.client import Valkey, ValkeyDown
from ondol.valkey.options import ValkeySettings

T = TypeVar("T")

GENERATION_SECONDS = 86_400
MAX_PENDING = 10_000
MAX_SERVERS = 3
_TAGS = "ondol.cache_tags"


@dataclass(frozen=True)
class _Wanted:
    """One call of `get`."""

    key: str
    load: Callable[[], Awaitable[Any]]
    adapter: TypeAdapter[Any]
    seconds: float
    tags: tuple[str, ...]


class Cache:
    """Values in Valkey, and optionally in the memory of the process. Writers call `invalidate` in their transaction.

    Invalidations are announced through `database_url`; None if there is only one process. `on_lookup` is called with
    the result of each read: "memory", "hit", "miss" or "down".
    """

    def __init__(
        self,
        redis_url: str,
        database_url: str | None = None,
        settings: ValkeySettings | None = None,
        *,
        on_lookup: Callable[[str], None] | None = None,
    ) -> None:
        settings = settings or ValkeySettings()
        self._prefix = settings.prefix
        self._valkey = Valkey(redis_url, settings, self._deliver_pending)
        self._memory = Memory()
        self._notifications = Notifications(database_url, self._told_by_others) if database_url else None
        self._on_lookup = on_lookup or (lambda result: None)
        self._flights = Flights()
        self._pending: set[str] = set()
        self._is_behind, self._catching_up = True, asyncio.Lock()
        self._background: set[asyncio.Task[None]] = set()
        self._adapters: dict[Any, TypeAdapter[Any]] = {}

    async def open(self) -> None:
        """Start to listen for invalidations. Valkey may be down."""
        if self._notifications is not None:
            await self._notifications.open()

    async def _catch_up(self) -> None:
        """Invalidate everything before the first read: a process that died may have left invalidations undelivered.
        A process that only writes leaves the others' cache untouched."""
        async with self._catching_up:
            if self._is_behind:
                await self._drop([EVERYTHING])
                self._is_behind = False

    async def close(self) -> None:
        """Stop listening, wait for invalidations that are being delivered, and disconnect."""
        if self._notifications is not None:
            await self._notifications.close()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._valkey.close()

    async def is_up(self) -> bool:
        """Return whether Valkey answers."""
        return await self._valkey.ping()

    @property
    def is_on_cluster(self) -> bool:
        """Return whether the last Valkey that answered is in cluster mode, where most commands here fail."""
        return self._valkey.is_cluster

    # reading

    async def get(
        self,
        key: str,
        load: Callable[[], Awaitable[T | None]],
        type_: type[T],
        *,
        seconds: float,
        tags: Iterable[str] = (),
        memory_seconds: float = 0,
    ) -> T | None:
        """Return the value of `key` from the cache or from `load`. None is not stored.

        `seconds`: how long Valkey stores it. `memory_seconds`: how long this process keeps it without asking Valkey; an
        invalidation reaches it within milliseconds, but possibly after the response to the write. `type_`: the type
        that Pydantic stores and reads back. Simultaneous misses load once in each process.
        """
        if self._is_behind:
            await self._catch_up()
        if memory_seconds and self._may_use_memory() and (held := self._memory.get(key)) is not None:
            self._on_lookup("memory")
            return held  # type: ignore[no-any-return]
        wanted = _Wanted(key, load, self._adapter(type_), seconds, (*map(bounded, tags), EVERYTHING))
        drops = self._memory.drops
        value: T | None = await self._through_valkey(wanted)
        if memory_seconds and value is not None and self._may_use_memory():
            self._memory.set(key, value, tags=wanted.tags, seconds=memory_seconds, drops=drops)
        return value

    async def _through_valkey(self, wanted: _Wanted) -> Any:
        while True:
            try:
                value, generations = await self._look_up(wanted)
            except ValkeyDown:
                self._on_lookup("down")
                return await wanted.load()
            self._on_lookup("miss" if value is None else "hit")
            if value is not None:
                return value
            try:
                return await self._flights.join(wanted.key, generations, partial(self._load, wanted, generations))
            except OwnerCancelled:
                continue

    async def _load(self, wanted: _Wanted, generations: Generations) -> Any:
        value = await wanted.load()
        await self._store(wanted, generations, value)
        return value

    async def _store(self, wanted: _Wanted, generations: Generations, value: Any) -> None:
        if value is None:
            return
        stored = b" ".join(generations) + b"\n" + wanted.adapter.dump_json(value)
        milliseconds = int(wanted.seconds * 1000)
        with contextlib.suppress(ValkeyDown):
            await self._execute(lambda pipeline: pipeline.set(self._key("value", wanted.key), stored, px=milliseconds))

    async def _look_up(self, wanted: _Wanted) -> tuple[Any, Generations]:
        """Return the stored value if it is valid, and the generations of the tags; missing ones are created."""
        [(stored, *generations)] = await self._execute(
            lambda pipeline: pipeline.mget([self._key("value", wanted.key), *self._tag_keys(wanted)])
        )
        if None in generations:

            def fill(pipeline: Pipeline) -> None:
                for name in self._tag_keys(wanted):
                    pipeline.set(name, token_hex(8).encode(), nx=True, ex=GENERATION_SECONDS)
                pipeline.mget(self._tag_keys(wanted))

            generations = (await self._execute(fill))[-1]
            if None in generations:  # evicted already: Valkey is full
                raise ValkeyDown
            return None, tuple(generations)
        header, _, body = (stored or b"").partition(b"\n")
        if header != b" ".join(generations):
            return None, tuple(generations)
        try:
            return wanted.adapter.validate_json(body), tuple(generations)
        except ValidationError:  # another version of the service stored it
            return None, tuple(generations)

    # invalidating

    def invalidate(self, session: AsyncSession, *tags: str) -> None:
        """Invalidate everything stored under `tags` when the session's transaction commits."""
        session.info.setdefault(_TAGS, set()).update(map(bounded, tags))
        before_commit(session, self._announce)
        after_commit(session, self._drop_committed, even_if_unknown=True)

    async def _announce(self, session: AsyncSession) -> None:
        if self._notifications is not None:
            await self._notifications.send(session, session.info[_TAGS])

    async def _drop_committed(self, session: AsyncSession) -> None:
        await self._drop(session.info.pop(_TAGS))

    async def _drop(self, tags: Iterable[str]) -> None:
        tags = set(tags)
        self._memory.drop(tags)
        try:
            await self._execute(lambda pipeline: self._renew(pipeline, tags))
        except ValkeyDown:
            self._pending |= tags
            if len(self._pending) > MAX_PENDING:
                self._pending = {EVERYTHING}
        self._memory.drop(tags)  # also values read from Valkey in the meantime

    def _renew(self, pipeline: Pipeline, tags: Iterable[str]) -> None:
        for tag in tags:
            pipeline.set(self._key("tag", tag), token_hex(8).encode(), ex=GENERATION_SECONDS)

    async def _deliver_pending(self) -> None:
        """Deliver the stored invalidations before Valkey is used again: it may still hold the old values."""
        while self._pending:
            tags = set(self._pending)
            await self._valkey.execute_anyway(lambda pipeline, tags=tags: self._renew(pipeline, tags))  # type: ignore[misc]
            self._pending -= tags

    def _told_by_others(self, tags: list[str]) -> None:
        # Memory at once; Valkey too, in case the writer died before it could.
        self._memory.drop(tags)
        task = asyncio.create_task(self._drop(tags))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _adapter(self, type_: type[T]) -> TypeAdapter[T]:
        return self._adapters.get(type_) or self._adapters.setdefault(type_, TypeAdapter(type_))

    def _may_use_memory(self) -> bool:
        return self._notifications is None or self._notifications.is_listening

    async def _execute(self, fill: Callable[[Pipeline], object]) -> list[Any]:
        """Run commands as `Valkey.execute` does; retry if the run id changed, because the keys contain it. Raises
        ValkeyDown also if the server has no run id: its data may be old."""
        for _ in range(MAX_SERVERS):
            run_id = self._valkey.run_id
            answers = await self._valkey.execute(fill)
            if run_id == self._valkey.run_id:
                if not run_id:
                    break
                return answers
        raise ValkeyDown

    def _tag_keys(self, wanted: _Wanted) -> list[str]:
        return [self._key("tag", tag) for tag in wanted.tags]

    def _key(self, kind: str, name: str) -> str:
        return f"{self._prefix}:{self._valkey.run_id}:{kind}:{bounded(name)}"
