"""The settings VALKEY__…."""

from pydantic import Field

from ondol.options import Group


class ValkeySettings(Group):
    """Valkey, for the cache and the rate limits. The timeout is short, because a slow cache is worse than none, but
    longer than a busy event loop delays reading a response, which must not count as a dead server."""

    prefix: str = Field("ondol", description="Prefix of every key, so that services can share a server.")
    timeout_seconds: float = Field(0.5, gt=0, description="Timeout for connecting and for each command.")
    retry_seconds: float = Field(0.25, gt=0, description="Pause between attempts to reconnect.")
