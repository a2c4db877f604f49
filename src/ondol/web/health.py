"""Liveness and readiness, for load balancers and orchestrators."""

import asyncio
from enum import StrEnum
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ondol.web.dependencies import OndolDep

PATIENCE_SECONDS = 2.0


class State(StrEnum):
    UP = "up"
    DOWN = "down"


class Live(BaseModel):
    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """`degraded`: slower, not wrong (Valkey is down). `unavailable` comes with 503."""

    status: Literal["ok", "degraded", "unavailable"]
    postgresql: State
    valkey: State


router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live")
async def live() -> Live:
    """The process answers. Touches no server: a restart would not mend a database."""
    return Live()


@router.get("/ready", responses={503: {"model": Ready, "description": "PostgreSQL does not answer."}})
async def ready(ondol: OndolDep, response: Response) -> Ready:
    """Whether requests can be served: PostgreSQL must answer, Valkey need not."""
    valkey = State.UP if await ondol.cache.is_up() else State.DOWN
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await ondol.database.ping()
    except PoolTimeout:
        pass  # every connection is busy: a reason to wait, not to be taken out of service
    except (SQLAlchemyError, OSError, TimeoutError):
        response.status_code = 503
        response.headers["Retry-After"] = "1"
        return Ready(status="unavailable", postgresql=State.DOWN, valkey=valkey)
    return Ready(status="ok" if valkey is State.UP else "degraded", postgresql=State.UP, valkey=valkey)
