"""A commit that fails, twice: with a session dependency as most applications write it, and with a unit of work.

The unique constraint is checked at COMMIT. `uv run python -m examples.readme.failed_commit` prints both responses.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Column, MetaData, Table, Text, UniqueConstraint, insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from examples.readme.running import client_of
from ondol.db.commit import before_commit
from ondol.db.constraints import violation_as
from ondol.errors import Conflict
from ondol.web.unit_of_work import Transaction

tables = MetaData()
names = Table("names", tables, Column("name", Text), UniqueConstraint("name", deferrable=True, initially="DEFERRED"))
router = APIRouter()


async def session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.runtime.database.transaction() as session:
        yield session  # commits when FastAPI closes the dependency: after the response


@router.post("/session", status_code=201)
async def with_session(session: Annotated[AsyncSession, Depends(session)]) -> dict[str, bool]:
    await session.execute(insert(names).values(name="온돌"))
    return {"stored": True}


class NameTaken(Conflict):
    code, detail = "name_taken", "This name already exists."


async def check(session: AsyncSession) -> None:
    with violation_as(NameTaken, "names_name_key"):
        await session.execute(text("SET CONSTRAINTS names_name_key IMMEDIATE"))


@router.post("/unit-of-work", status_code=201)
async def with_unit_of_work(work: Transaction) -> dict[str, bool]:
    await work.session.execute(insert(names).values(name="온돌"))
    before_commit(work.session, check)
    return {"stored": True}  # sent after COMMIT


if __name__ == "__main__":
    with client_of(router, tables) as client:
        client.post("/session")
        for path in ("/session", "/unit-of-work"):
            answer = client.post(path)
            print(path, answer.status_code, answer.json().get("stored", answer.json().get("code")))
