from app.schemas.base import Output


class PictureRead(Output):
    media_type: str
    content: bytes
