"""Startup and shutdown of this service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import FastAPI

from app.runtime import Runtime

log = structlog.stdlib.get_logger("app")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """Wrap the runtime's lifespan: inside the block its database, cache and limits are open."""
    runtime: Runtime = app.state.runtime
    async with runtime.lifespan(app) as state:
        log.info("open_for_requests", service=app.title, version=app.version)
        yield state
        log.info("closed_for_requests", service=app.title)
