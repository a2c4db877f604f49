"""Swagger UI from the package instead of a CDN."""

from fastapi import FastAPI

from ondol.web.docs import install_docs
from ondol.web.openapi import install_openapi, operation_id

app = FastAPI(docs_url=None, redoc_url=None, generate_unique_id_function=operation_id)
install_docs(app)
install_openapi(app)


@app.get("/", tags=["greetings"])
async def hello() -> dict[str, str]:
    return {"hello": "world"}
