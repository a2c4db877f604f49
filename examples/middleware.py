"""Request ids, an access log, security headers and a time limit, as plain ASGI middleware."""

from fastapi import FastAPI

from ondol.observability.logging import configure_logging
from ondol.web.middleware import LastResortMiddleware, RequestContextMiddleware, SecurityHeadersMiddleware

configure_logging()
app = FastAPI()
app.add_middleware(LastResortMiddleware, timeout_seconds=5)
app.add_middleware(SecurityHeadersMiddleware)
app.add_middleware(RequestContextMiddleware)


@app.get("/")
async def hello() -> dict[str, str]:
    return {"hello": "world"}
