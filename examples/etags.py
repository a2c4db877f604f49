"""ETag and If-Match, without a database or Valkey."""

from fastapi import FastAPI, Response
from pydantic import BaseModel

from ondol import PreconditionFailed
from ondol.web.conditional import ExpectedVersions, etag
from ondol.web.problems import install_problems


class Note(BaseModel):
    version: int = 1
    text: str = "warm"


app = FastAPI()
install_problems(app)
note = Note()


@app.get("/note")
async def read(response: Response) -> Note:
    response.headers["ETag"] = etag(note.version)
    return note


@app.put("/note")
async def write(text: str, expected_versions: ExpectedVersions) -> Note:
    if expected_versions is not None and note.version not in expected_versions:
        raise PreconditionFailed
    note.version, note.text = note.version + 1, text
    return note
