"""The settings DATABASE__…."""

from pydantic import Field

from ondol.options import Group


class DatabaseSettings(Group):
    """PostgreSQL connections, for each process."""

    pool_size: int = Field(15, ge=1, description="Connections in the pool for transactions.")
    read_pool_size: int = Field(8, ge=1, description="Connections in the pool for read-only work.")
    pool_timeout_seconds: float = Field(5.0, gt=0, description="Longest wait for a free connection; then 503.")
    connect_timeout_seconds: int = Field(5, ge=1, description="Longest wait for a new connection.")
    statement_timeout_seconds: float = Field(15.0, ge=0, description="Longest statement; then 503. 0: no limit.")
    lock_timeout_seconds: float = Field(3.0, ge=0, description="Longest wait for a lock; then 503. 0: no limit.")
    idle_in_transaction_timeout_seconds: float = Field(
        30.0, ge=0, description="PostgreSQL ends a transaction that is idle for this long. 0: no limit."
    )
    commit_timeout_seconds: float = Field(10.0, gt=0, description="Longest wait for COMMIT and its hooks; then 503.")
