from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, File, Response, Security, UploadFile, status
from ondol.auth.caller import Caller
from ondol.web.problems import problem_responses
from ondol.web.unit_of_work import in_transaction, read_only

from app.access import current_user
from app.scopes import Scope
from app.services.pictures import MAX_BYTES, PictureNotFound, PictureService, UnknownPicture
from app.services.rooms import RoomNotFound

router = APIRouter(prefix="/rooms/{room_id}/picture", tags=["pictures"])

Writer = Annotated[Caller, Security(current_user, scopes=[Scope.ROOMS_WRITE])]
Pictures = Annotated[PictureService, Depends(in_transaction(PictureService))]
ReadOnlyPictures = Annotated[PictureService, Depends(read_only(PictureService))]


@router.put(
    "",
    name="put",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(RoomNotFound, UnknownPicture),
    max_body_size=MAX_BYTES,
)
async def put_picture(room_id: UUID, file: Annotated[UploadFile, File()], user: Writer, pictures: Pictures) -> None:
    """Set or replace a room's picture."""
    await pictures.put(room_id, await file.read())


@router.get(
    "",
    name="get",
    response_class=Response,
    responses={200: {"content": {"image/png": {}, "image/jpeg": {}}}, **problem_responses(PictureNotFound)},
)
async def get_picture(room_id: UUID, pictures: ReadOnlyPictures) -> Response:
    """Return a room's picture."""
    picture = await pictures.get(room_id)
    return Response(picture.content, media_type=picture.media_type, headers={"Cache-Control": "public, max-age=60"})
