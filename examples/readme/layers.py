"""A router, a service and a repository in one file. `uv run python -m examples.readme.layers` starts and calls it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from examples.readme.running import client_of
from ondol.db.base import Base, HasId
from ondol.db.constraints import violation_as
from ondol.errors import Conflict
from ondol.repository import Repository
from ondol.runtime import UnitOfWork
from ondol.web.problems import problem_responses
from ondol.web.unit_of_work import in_transaction


class Book(HasId, Base):
    __tablename__ = "books"
    title: Mapped[str] = mapped_column(unique=True)


class BookRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: UUID
    title: str


class BookCreate(BaseModel):
    title: str


class TitleTaken(Conflict):
    code, detail = "title_taken", "There is a book with this title."


class BookRepository(Repository[Book, BookRead]):  # all queries
    async def read_by_title(self, title: str) -> BookRead | None:
        return await self._read(select(Book).where(Book.title == title))


class BookService:  # the rules
    def __init__(self, work: UnitOfWork) -> None:
        self._books = BookRepository(work)

    async def add(self, data: BookCreate) -> BookRead:
        """Raises TitleTaken."""
        book = Book(title=data.title)
        with violation_as(TitleTaken, "uq_books_title"):
            await self._books.add(book)
        return BookRead.model_validate(book)


router = APIRouter(prefix="/books")
Books = Annotated[BookService, Depends(in_transaction(BookService))]


@router.post("", status_code=201, responses=problem_responses(TitleTaken))  # HTTP
async def add_book(data: BookCreate, books: Books) -> BookRead:
    return await books.add(data)


if __name__ == "__main__":
    with client_of(router, Base.metadata) as client:
        for _ in range(2):
            answer = client.post("/books", json={"title": "온돌"})
            print(answer.status_code, answer.text)
