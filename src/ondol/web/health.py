"""Liveness and readiness, for load balancers and orchestrators.

They accept any Host header: a load balancer requests them by address (`ondol.web.hosts`).
"""

import asyncio
from enum import StrEnum
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ondol.runtime import Runtime
from ondol.web.dependencies import RuntimeDep

PATIENCE_SECONDS = 2.0


class State(StrEnum):
    UP = "up"
    DOWN = "down"


class Live(BaseModel):
    status: Literal["ok"]


class Ready(BaseModel):
    """`degraded`: Valkey is down; responses are correct but slower. `unavailable` (PostgreSQL is down) and `draining`
    (this process is shutting down) come with 503."""

    status: Literal["ok", "degraded", "unavailable", "draining"]
    postgresql: State
    valkey: State


_LIVE = Live(status="ok").model_dump_json()
router = APIRouter(prefix="/health", tags=["health"])


async def database_is_up(runtime: Runtime) -> bool:
    """Return whether PostgreSQL answers within two seconds."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await runtime.database.ping()
    except PoolTimeout:
        return True  # all connections are busy: a reason to wait, not to be taken out of service
    except (SQLAlchemyError, OSError, TimeoutError):
        return False
    return True


@router.get("/live", response_model=Live)
async def live() -> Response:
    """Liveness check. Does not contact PostgreSQL or Valkey: restarting this process would not fix them."""
    return Response(_LIVE, media_type="application/json")


@router.get("/ready", responses={503: {"model": Ready, "description": "PostgreSQL is down or the process shuts down."}})
async def ready(runtime: RuntimeDep, response: Response) -> Ready:
    """Readiness check. PostgreSQL must answer; Valkey may be down."""
    # Each has its own connections and its own state.
    valkey = State.UP if await runtime.cache.is_up() and await runtime.rate_limiter.is_up() else State.DOWN
    if not await database_is_up(runtime):
        response.status_code = 503
        response.headers["Retry-After"] = "1"
        return Ready(status="unavailable", postgresql=State.DOWN, valkey=valkey)
    if runtime.drain.has_begun:
        response.status_code = 503
        return Ready(status="draining", postgresql=State.UP, valkey=valkey)
    return Ready(status="ok" if valkey is State.UP else "degraded", postgresql=State.UP, valkey=valkey)
