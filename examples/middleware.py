"""Request ids, an access log, security headers and a time limit, as plain ASGI middleware."""

from fastapi import FastAPI

from ondol.observability.logging import configure_logging
from ondol.server.options import HttpSettings
from ondol.web.front import Front

configure_logging()
app = FastAPI()
app.add_middleware(Front, http=HttpSettings(timeout_seconds=5))


@app.get("/")
async def hello() -> dict[str, str]:
    return {"hello": "world"}
