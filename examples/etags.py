"""ETag and If-Match, without a database or Valkey."""

from fastapi import FastAPI, Response

from ondol import PreconditionFailed
from ondol.web.conditional import ExpectedVersions, etag
from ondol.web.problems import install_problems

app = FastAPI()
install_problems(app)
note = {"version": 1, "text": "warm"}


@app.get("/note")
async def read(response: Response) -> dict[str, int | str]:
    response.headers["ETag"] = etag(int(note["version"]))
    return note


@app.put("/note")
async def write(text: str, expected_versions: ExpectedVersions) -> dict[str, int | str]:
    if expected_versions is not None and note["version"] not in expected_versions:
        raise PreconditionFailed
    note.update(version=int(note["version"]) + 1, text=text)
    return note
