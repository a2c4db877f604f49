"""/dev/mailbox: mail that was stored instead of sent. Installed only in development and tests."""

from email.message import EmailMessage
from html import escape

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from ondol.web.dependencies import RuntimeDep

router = APIRouter(prefix="/dev", include_in_schema=False)


@router.get("/mailbox")
def mailbox(runtime: RuntimeDep) -> HTMLResponse:
    """Show the stored mail, newest first."""
    items = "".join(_item(message) for message in runtime.mailer.mailbox.messages()) or "<p>No mail yet.</p>"
    return HTMLResponse(f'<!doctype html><meta charset="utf-8"><title>Mailbox</title><h1>Mailbox</h1>{items}')


def _item(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    text = body.get_content() if body else ""
    return (
        f"<article><h2>{escape(str(message['Subject']))}</h2>"
        f"<p>To: {escape(str(message['To']))} · {escape(str(message['Date']))}</p><pre>{escape(text)}</pre></article>"
    )
