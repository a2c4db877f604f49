"""The settings VALKEY__…."""

from pydantic import Field

from ondol.options import Group


class ValkeySettings(Group):
    """Valkey, for the cache and the rate limits. The time-out is short: a slow cache is worse than none. It is longer
    than a busy process lets an answer lie, or a healthy Valkey would pass for a dead one."""

    prefix: str = Field("ondol", description="Prefix of every key, so that services can share a server.")
    timeout_seconds: float = Field(0.5, gt=0, description="Timeout for connecting and for each command.")
    retry_seconds: float = Field(0.25, gt=0, description="Pause between attempts to reconnect.")
