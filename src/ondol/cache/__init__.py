"""A read-through cache on Valkey that returns no stale values. While Valkey is down, reads go to the database."""

from ondol.cache.cache import Cache

__all__ = ["Cache"]
