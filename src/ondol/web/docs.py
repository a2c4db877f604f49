"""/docs (Swagger UI), served from this package: no CDN, no inline script."""

from html import escape
from pathlib import Path
from string import Template

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"
ASSETS_PATH = "/docs-assets"

_PAGE = Template("""<!doctype html>
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
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def root_of(request: Request) -> str:
    """Return the path prefix that a proxy in front removes."""
    root: str = request.scope.get("root_path", "")
    return root.rstrip("/")


def install_docs(app: FastAPI) -> None:
    """Add /docs. The app needs `docs_url=None, redoc_url=None`, or FastAPI's own pages take precedence."""
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    async def swagger_ui(request: Request) -> HTMLResponse:
        outside = root_of(request)
        openapi = escape(f"{outside}{app.openapi_url or '/openapi.json'}")
        content = _PAGE.substitute(title=escape(app.title), assets=escape(outside) + ASSETS_PATH, openapi=openapi)
        return HTMLResponse(content, headers={"Content-Security-Policy": POLICY})

    app.include_router(router)
    app.mount(ASSETS_PATH, StaticFiles(directory=STATIC), name="docs-assets")
