"""The pages of development: /, the mailbox, and the pages that links in mails lead to. Never in production.

They show stored mail, which contains tokens. Texts are in `ondol/languages`, by Accept-Language.
"""

import re
from collections.abc import Mapping
from email.message import EmailMessage
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ondol.runtime import Runtime
from ondol.web.dependencies import PreferredLanguage, RuntimeDep
from ondol.web.docs import POLICY, root_of
from ondol.web.health import State, database_is_up

STATIC = Path(__file__).parent / "static"
_PAGE = Template(
    '<!doctype html><html lang="$language"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>$title</title>'
    '<link rel="icon" href="data:,"><link rel="stylesheet" href="${root}/dev/development.css"><h1>$title</h1>$body'
    '<script src="${root}/dev/development.js"></script></html>'
)
router = APIRouter(prefix="/dev", include_in_schema=False)


def install_development(app: FastAPI) -> None:
    """Add the pages. / is the last route: a project's own takes precedence."""
    app.include_router(router)
    app.router.default = _Home(app, app.router.default)


class _Home:
    def __init__(self, app: FastAPI, otherwise: ASGIApp) -> None:
        self._app, self._otherwise = app, otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_home = scope["type"] == "http" and scope["path"].removeprefix(scope.get("root_path", "")) in ("", "/")
        response = await _home(self._app, Request(scope)) if is_home and scope["method"] in ("GET", "HEAD") else None
        await (response or self._otherwise)(scope, receive, send)


async def _home(app: FastAPI, request: Request) -> HTMLResponse:
    runtime: Runtime = app.state.runtime
    language = runtime.languages.preferred(request.headers.get("Accept-Language", ""))
    texts = runtime.languages.text(language, "pages", "home")
    are_up = {"PostgreSQL": await database_is_up(runtime), "Valkey": await runtime.cache.is_up()}
    states = {name: State.UP if is_up else State.DOWN for name, is_up in are_up.items()}
    runs = "".join(f"<li>{name}: <b>{texts[state]}</b></li>" for name, state in states.items())
    root = root_of(request)
    pages = {"/docs": texts["docs"]} if app.openapi_url else {}
    pages |= {"/health/ready": texts["health"], "/dev/mailbox": texts["mailbox"]}
    links = "".join(f'<li><a href="{escape(root)}{path}">{path}</a> {text}</li>' for path, text in pages.items())
    logins: Mapping[str, str] = getattr(app.state, "logins", {})
    rows = "".join(f"<tr><td>{escape(email)}<td>{escape(password)}" for email, password in logins.items())
    known = f"<h2>{texts['logins']}</h2><table>{rows}</table>" if rows else ""
    commands = "\n".join(("uv run ondol add resource note title:str:200 --owner", "uv run pytest", "uv run ondol docs"))
    body = (
        f"<p>{texts['running' if all(are_up.values()) else 'impaired']}</p>"
        f"<ul>{runs}</ul><h2>{texts['pages']}</h2><ul>{links}</ul>"
        f"{known}<h2>{texts['next']}</h2><pre>{commands}</pre>"
    )
    return _page(request, f"{app.title} {app.version}", body, language)


@router.get("/mailbox")
def mailbox(request: Request, runtime: RuntimeDep, asked: PreferredLanguage) -> HTMLResponse:
    """Show the stored mail, newest first."""
    language = asked or runtime.languages.default
    texts = runtime.languages.text(language, "pages", "mailbox")
    pages = f"{root_of(request)}/dev/links"
    links, zone = runtime.settings.mail.links, ZoneInfo(runtime.settings.time_zone)
    items = "".join(_item(message, links, pages, zone) for message in runtime.mailer.mailbox.messages())
    return _page(request, texts["title"], items or f"<p>{texts['empty']}</p>", language)


def _item(message: EmailMessage, links: str, pages: str, zone: ZoneInfo) -> str:
    """Return a mail as HTML. Its links lead to the pages below instead of those that the project still has to build."""
    body = message.get_body(("plain",))
    text = escape(body.get_content() if body else "")
    text = re.sub(
        rf"{re.escape(escape(links))}/([a-z-]+)(#token=[\w-]+)", rf'<a href="{escape(pages)}/\1\2">\g<0></a>', text
    )
    date = message["Date"].datetime.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %z")
    return (
        f"<article><h2>{escape(str(message['Subject']))}</h2>"
        f"<p>{escape(str(message['To']))} · <time>{date}</time></p><pre>{text}</pre></article>"
    )


@router.get("/links/{name}")
def link(name: str, request: Request, runtime: RuntimeDep, asked: PreferredLanguage) -> HTMLResponse:
    """Show a form for the operation that takes the token of a mail: `change-email` is the route `change_email`."""
    language = asked or runtime.languages.default
    texts = runtime.languages.text(language, "pages", "link")
    root = root_of(request)
    path, operation, schema = _operation(request.app.openapi(), name.replace("-", "_"))
    fields = {field: about for field, about in schema["properties"].items() if field in schema.get("required", ())}
    inputs = "".join(
        f'<label>{escape(field)} <input name="{escape(field)}" required'
        f' type="{"password" if about.get("format") == "password" and field != "token" else "text"}"></label>'
        for field, about in fields.items()
    )
    body = (
        f"<p>{texts['about']}</p><p><code>POST {escape(path)}</code> {escape(operation.get('description', ''))}</p>"
        f'<form method="post" data-path="{escape(root + path)}">{inputs}<button>{texts["send"]}</button></form>'
        '<pre id="answer"></pre>'
    )
    return _page(request, texts["title"], body, language)


def _operation(document: Mapping[str, Any], name: str) -> tuple[str, Mapping[str, Any], Mapping[str, Any]]:
    """Return the path, the operation and the schema of the body. Raises HTTPException (404)."""
    for path, operations in document["paths"].items():
        operation = operations.get("post", {})
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        ref = content.get("schema", {}).get("$ref", "")
        schema = document["components"]["schemas"].get(ref.rpartition("/")[2], {})
        ids = {name, *(f"{tag}_{name}" for tag in operation.get("tags", ()))}  # as `operation_id` makes them
        if operation.get("operationId") in ids and "token" in schema.get("properties", {}):
            return path, operation, schema
    raise HTTPException(404)


@router.get("/development.{kind}")
def asset(kind: str) -> FileResponse:
    if kind not in ("css", "js"):
        raise HTTPException(404)
    return FileResponse(STATIC / f"development.{kind}")


def _page(request: Request, title: str, body: str, language: str) -> HTMLResponse:
    root = escape(root_of(request))
    content = _PAGE.substitute(title=escape(title), body=body, language=language, root=root)
    headers = {"Content-Security-Policy": POLICY, "Content-Language": language, "Vary": "Accept-Language"}
    return HTMLResponse(content, headers=headers)
