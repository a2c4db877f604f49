"""A read-through cache on Valkey that returns no stale values. While Valkey is down, reads go to the database.

Use it for rows that are read much more often than they change.

    from ondol.cache import Cache
    async def load() -> int:
        return 42
    cache = Cache(redis_url, database_url)
    await cache.open()
    assert await cache.get("answer", load, int, seconds=60, tags=["answers"]) == 42
    await cache.close()
"""

from ondol.cache.cache import Cache

__all__ = ["Cache"]
