"""Uploads to a folder or to S3, as streams. The type of a file comes from its first bytes."""

import os
from collections.abc import AsyncIterator
from typing import Annotated

import obstore
from fastapi import FastAPI, Path, UploadFile
from fastapi.responses import StreamingResponse
from obstore.store import from_url
from uuid_utils.compat import uuid7

from ondol import NotFound
from ondol.errors import Problem
from ondol.web.front import Front
from ondol.web.problems import install_problems, problem_responses

MAX_BYTES = 50_000_000  # of the request's body: the file and about 200 bytes around it
CHUNK_BYTES = 1_000_000
# The first bytes of a file: (its extension, its media type).
KINDS = {
    b"\x89PNG\r\n\x1a\n": ("png", "image/png"),
    b"\xff\xd8\xff": ("jpg", "image/jpeg"),
    b"%PDF-": ("pdf", "application/pdf"),
}
MEDIA_TYPES = dict(KINDS.values())

app = FastAPI()
install_problems(app)
app.add_middleware(Front)  # with everything else of Ondol: install(app, runtime)
# file:///srv/uploads, s3://bucket/folder, gs://bucket or az://account/container
store = from_url(os.environ.get("UPLOADS_URL", "memory:///"))


class UnknownKind(Problem):
    status = 415
    title = "Unsupported Media Type"
    code = "unknown_kind"
    detail = "Send a PNG, a JPEG or a PDF."


@app.post("/files", status_code=201, responses=problem_responses(UnknownKind), max_body_size=MAX_BYTES)
async def upload(file: UploadFile) -> dict[str, str]:
    head = await file.read(max(map(len, KINDS)))
    extension = next((kind for start, (kind, _) in KINDS.items() if head.startswith(start)), None)
    if extension is None:
        raise UnknownKind
    await file.seek(0)
    name = f"{uuid7()}.{extension}"  # never the client's file name
    await obstore.put_async(store, name, chunks(file), chunk_size=5_000_000, max_concurrency=2)
    return {"url": f"/files/{name}"}


async def chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(CHUNK_BYTES):
        yield chunk


@app.get("/files/{name}", response_class=StreamingResponse, responses=problem_responses(NotFound))
async def download(name: Annotated[str, Path(pattern=r"^[0-9a-f-]{36}\.(png|jpg|pdf)$")]) -> StreamingResponse:
    try:
        found = await obstore.get_async(store, name)
    except FileNotFoundError:
        raise NotFound from None
    content = (bytes(chunk) async for chunk in found)
    media_type = MEDIA_TYPES[name.rpartition(".")[2]]
    return StreamingResponse(content, media_type=media_type, headers={"Content-Disposition": "attachment"})
