"""A durable job, enqueued in the request's transaction. `python -m examples.jobs` is its worker.

The queue's tables come from a migration, as in starter/migrations/versions/0001_jobs.sql.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from procrastinate import Blueprint

from ondol.db.session import Database
from ondol.jobs.queue import enqueue, retries
from ondol.jobs.worker import Worker

jobs = Blueprint()


@jobs.task(name="greet", retry=retries())
async def greet(*, name: str) -> None:
    print(f"Hello, {name}!", flush=True)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.database = Database(os.environ["DATABASE_URL"])
    yield
    await app.state.database.close()


app = FastAPI(lifespan=lifespan)


@app.post("/greetings/{name}", status_code=202)
async def add(name: str) -> dict[str, int]:
    async with app.state.database.transaction() as session:
        return {"job": await enqueue(session, greet, name=name)}


if __name__ == "__main__":
    asyncio.run(Worker(None, [greet], os.environ["DATABASE_URL"]).run())
