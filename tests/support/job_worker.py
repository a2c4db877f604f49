"""A worker with one idempotent job, which writes to PostgreSQL: `python job_worker.py URL`."""

import asyncio
import sys

import psycopg
from procrastinate import Blueprint

from ondol.jobs.queue import retries
from ondol.jobs.worker import Worker

URL = sys.argv[1]


jobs = Blueprint()


@jobs.task(name="count", retry=retries(50))
async def count(*, number: int) -> None:
    async with await psycopg.AsyncConnection.connect(URL) as connection:
        done = await connection.execute("INSERT INTO effects VALUES (%s) ON CONFLICT DO NOTHING", [number])
        await connection.execute("UPDATE total SET times = times + %s", [done.rowcount])
        await asyncio.sleep(0.02)  # so that a kill interrupts it


asyncio.run(Worker(None, [count], URL).run())
