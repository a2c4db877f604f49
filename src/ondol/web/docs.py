"""/docs (Swagger UI) and /redoc, served from this package: no CDN, no inline script."""

from html import escape
from pathlib import Path
from string import Template

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"
ASSETS_PATH = "/docs-assets"

_SWAGGER = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<link rel="icon" href="$assets/favicon.png">
<link rel="stylesheet" href="$assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui" data-openapi-url="$openapi"></div>
<script src="$assets/swagger-ui-bundle.js"></script>
<script src="$assets/swagger-init.js"></script>
</body>
</html>
""")
_REDOC = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<link rel="icon" href="$assets/favicon.png">
</head>
<body style="margin: 0">
<redoc spec-url="$openapi"></redoc>
<script src="$assets/redoc.standalone.js"></script>
</body>
</html>
""")
_SWAGGER_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# ReDoc writes style elements of its own and renders in a worker.
_REDOC_POLICY = _SWAGGER_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
    "img-src 'self' data:", "img-src 'self' data:; worker-src blob:"
)


def install_docs(app: FastAPI) -> None:
    """Adds /docs and /redoc. Make the app with `docs_url=None, redoc_url=None`, or FastAPI's own pages win."""
    router = APIRouter(include_in_schema=False)

    def page(template: Template, policy: str) -> HTMLResponse:
        content = template.substitute(
            title=escape(app.title), assets=ASSETS_PATH, openapi=escape(app.openapi_url or "/openapi.json")
        )
        return HTMLResponse(content, headers={"Content-Security-Policy": policy})

    @router.get("/docs")
    async def swagger_ui() -> HTMLResponse:
        return page(_SWAGGER, _SWAGGER_POLICY)

    @router.get("/redoc")
    async def redoc() -> HTMLResponse:
        return page(_REDOC, _REDOC_POLICY)

    app.include_router(router)
    app.mount(ASSETS_PATH, StaticFiles(directory=STATIC), name="docs-assets")
