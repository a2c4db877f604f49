"""Rate limits on Valkey, counted across processes. Without Valkey each process counts separately."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

from ondol import TooManyRequests
from ondol.rate_limits.limiter import RateLimiter
from ondol.rate_limits.rate import parse_rate
from ondol.rate_limits.standing import Limit
from ondol.web.problems import install_problems


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.limiter = RateLimiter(os.environ["REDIS_URL"])
    yield
    await app.state.limiter.close()


app = FastAPI(lifespan=lifespan)
install_problems(app)


@app.get("/")
async def answer(request: Request) -> dict[str, int]:
    address = request.client.host if request.client else ""
    standing = await request.app.state.limiter.count(Limit("answers", address, parse_rate("3/m")))
    if standing.is_exceeded:
        raise TooManyRequests
    return {"left": standing.remaining}
