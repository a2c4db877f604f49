from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.models import Picture
from app.runtime import UnitOfWork
from app.schemas.pictures import PictureRead


class PictureRepository:
    def __init__(self, work: UnitOfWork) -> None:
        self._session = work.session

    async def put(self, room_id: UUID, picture: PictureRead) -> None:
        """Insert the room's picture, or replace it."""
        statement = insert(Picture).values(room_id=room_id, **picture.model_dump())
        changed = {**picture.model_dump(), "updated_at": func.now()}
        await self._session.execute(statement.on_conflict_do_update(index_elements=["room_id"], set_=changed))

    async def read(self, room_id: UUID) -> PictureRead | None:
        statement = select(Picture.media_type, Picture.content).where(Picture.room_id == room_id)
        row = (await self._session.execute(statement)).one_or_none()
        return None if row is None else PictureRead.model_validate(row)
