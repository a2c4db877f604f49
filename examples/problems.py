"""Errors as RFC 9457 problems in a plain FastAPI app."""

from fastapi import FastAPI

from ondol import NotFound
from ondol.web.problems import install_problems, problem_responses

app = FastAPI()
install_problems(app)


class NoSuchRoom(NotFound):
    code = "no_such_room"
    detail = "This house has no such room."


@app.get("/rooms/{name}", responses=problem_responses(NoSuchRoom))
async def room(name: str) -> dict[str, str]:
    if name != "kitchen":
        raise NoSuchRoom
    return {"name": name}
