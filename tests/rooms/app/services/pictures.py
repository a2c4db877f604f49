from uuid import UUID

from ondol import NotFound
from ondol.db.constraints import violation_as
from ondol.errors import Problem

from app.repositories.pictures import PictureRepository
from app.runtime import UnitOfWork
from app.schemas.pictures import PictureRead
from app.services.rooms import RoomNotFound

MAX_BYTES = 4_000_000
# By the first bytes of the file, not by the Content-Type that the client sends.
MEDIA_TYPES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


class PictureNotFound(NotFound):
    code = "picture_not_found"
    detail = "This room has no picture."


class UnknownPicture(Problem):
    status = 415
    title = "Unsupported Media Type"
    code = "unknown_picture"
    detail = "Send a PNG or a JPEG."


class PictureService:
    def __init__(self, work: UnitOfWork) -> None:
        self._pictures = PictureRepository(work)

    async def put(self, room_id: UUID, content: bytes) -> None:
        """Set or replace the picture of a room. Raises UnknownPicture, RoomNotFound."""
        media_type = next((kind for start, kind in MEDIA_TYPES.items() if content.startswith(start)), None)
        if media_type is None:
            raise UnknownPicture
        with violation_as(RoomNotFound, "fk_pictures_room_id_rooms"):
            await self._pictures.put(room_id, PictureRead(media_type=media_type, content=content))

    async def get(self, room_id: UUID) -> PictureRead:
        """Return the picture of a room. Raises PictureNotFound."""
        picture = await self._pictures.read(room_id)
        if picture is None:
            raise PictureNotFound
        return picture
