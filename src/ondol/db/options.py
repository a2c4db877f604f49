"""The settings DATABASE__…."""

from pydantic import Field

from ondol.options import Group


class DatabaseSettings(Group):
    """PostgreSQL connections, for each process."""

    pool_size: int = Field(10, ge=1, description="Connections kept open.")
    max_overflow: int = Field(5, ge=0, description="Connections opened beyond pool_size when all are busy.")
    pool_timeout_seconds: float = Field(0.8, gt=0, description="Wait for a free connection; then 503.")
    connect_timeout_seconds: int = Field(5, ge=1)
    statement_timeout_seconds: float = Field(15.0, ge=0, description="PostgreSQL cuts longer statements. 0: never.")
