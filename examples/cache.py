"""A read-through cache on Valkey, without a database."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from ondol.cache import Cache


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.cache = Cache(os.environ["REDIS_URL"])
    yield
    await app.state.cache.close()


app = FastAPI(lifespan=lifespan)


async def think() -> int:
    await asyncio.sleep(0.5)
    return 42


@app.get("/")
async def answer() -> dict[str, int | None]:
    return {"answer": await app.state.cache.get("answer", think, int, seconds=60)}
