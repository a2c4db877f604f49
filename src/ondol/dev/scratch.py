"""A temporary, empty PostgreSQL server without Valkey."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ondol.dev.ports import free_port
from ondol.dev.postgres import PostgresServer
from ondol.dev.programs import server_user
from ondol.dev.state import StateFolder


@contextmanager
def scratch_server(project: Path) -> Iterator[str]:
    """Start PostgreSQL on an empty data folder, and remove it afterwards. Raises ServersError."""
    state = StateFolder.temporary(project, f"scratch-{os.getpid()}")
    state.create()
    password = secrets.token_urlsafe(24)
    try:
        server = PostgresServer(
            state.data,
            state.logs / "postgres.log",
            state.copies,
            user=server_user(),
            port=free_port(),
            password=password,
            fsync=False,
        )
        try:
            server.start()
            yield server.url()
        finally:
            server.stop()
    finally:
        shutil.rmtree(state.path, ignore_errors=True)
