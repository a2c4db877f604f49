"""Run a router for an example: PostgreSQL and Valkey, its tables, and a client."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import MetaData

from ondol.db.session import SyncDatabase
from ondol.dev.servers import StateFolder, attached
from ondol.runtime import Runtime
from ondol.settings import Settings
from ondol.web.app import install

QUIET = {"logging": {"level": "ERROR"}}


@contextmanager
def client_of(router: APIRouter, tables: MetaData) -> Iterator[TestClient]:
    """Yield a client of an application with this router. Servers are those of the environment, or temporary ones."""
    with ExitStack() as stack:
        urls = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
        if not all(urls):
            state = StateFolder.temporary(Path(__file__).parent, "example")
            servers = stack.enter_context(attached(state, temporary=True))
            urls = servers.database_url, servers.redis_url
        database = SyncDatabase(str(urls[0]))
        with database.transaction() as session:
            tables.create_all(session.connection())
        database.close()
        settings = Settings.model_validate(
            {"environment": "test", "database_url": urls[0], "redis_url": urls[1], **QUIET}
        )
        runtime = Runtime(settings)
        app = FastAPI(lifespan=runtime.lifespan)
        install(app, runtime)
        app.include_router(router)
        yield stack.enter_context(TestClient(app, raise_server_exceptions=False))
