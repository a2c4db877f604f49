"""Books and their authors, many to many: a page costs two statements, however many books it has."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Column, ForeignKey, Table, select
from sqlalchemy.orm import DeclarativeBase, Mapped, relationship, selectinload

from ondol.db.base import HasId
from ondol.db.session import Database


class Model(DeclarativeBase):
    pass


# A table without a class: it has no columns of its own. The index serves the other direction, from authors to books.
authors_of_books = Table(
    "example_authors_of_books",
    Model.metadata,
    Column("book_id", ForeignKey("example_books.id", ondelete="CASCADE"), primary_key=True),
    Column("author_id", ForeignKey("example_authors.id"), primary_key=True, index=True),
)


class Author(HasId, Model):
    __tablename__ = "example_authors"

    name: Mapped[str]


class Book(HasId, Model):
    __tablename__ = "example_books"

    title: Mapped[str]

    authors: Mapped[list[Author]] = relationship(secondary=authors_of_books, lazy="raise", order_by=Author.name)


class AuthorRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str


class BookRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    title: str
    authors: list[AuthorRead]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.database = database = Database(os.environ["DATABASE_URL"])
    async with database.engine.begin() as connection:  # instead of a migration
        await connection.run_sync(Model.metadata.create_all)
    async with database.transaction() as session:
        session.add(Book(title="토지", authors=[Author(name="박경리")]))
    yield
    async with database.engine.begin() as connection:
        await connection.run_sync(Model.metadata.drop_all)
    await database.close()


app = FastAPI(lifespan=lifespan)


@app.get("/books")
async def books() -> list[BookRead]:
    statement = select(Book).options(selectinload(Book.authors)).order_by(Book.title, Book.id)
    async with app.state.database.reading() as session:
        return [BookRead.model_validate(book) for book in await session.scalars(statement)]
