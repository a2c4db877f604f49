"""A read-through cache on Valkey that is never wrong, and not needed: when Valkey is down, reads go to the database."""

from ondol.cache.cache import Cache

__all__ = ["Cache"]
