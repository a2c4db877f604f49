"""The settings DATABASE__…."""

from pydantic import Field

from ondol.options import Group


class DatabaseSettings(Group):
    """PostgreSQL connections, for each process."""

    pool_size: int = Field(15, ge=1, description="Connections for transactions.")
    read_pool_size: int = Field(8, ge=1, description="Connections for what only reads.")
    pool_timeout_seconds: float = Field(5.0, gt=0, description="Wait for a free connection; then 503.")
    connect_timeout_seconds: int = Field(5, ge=1)
    statement_timeout_seconds: float = Field(15.0, ge=0, description="PostgreSQL cuts longer statements. 0: never.")
    lock_timeout_seconds: float = Field(3.0, ge=0, description="Wait for a locked row; then 503. 0: for ever.")
    idle_in_transaction_timeout_seconds: float = Field(
        30.0, ge=0, description="PostgreSQL ends a transaction in which nothing was asked for this long. 0: never."
    )
    commit_timeout_seconds: float = Field(10.0, gt=0, description="For COMMIT and what runs right before it; then 503.")
