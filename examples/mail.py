"""Mail that is sent if a host is set, and stored as a file otherwise."""

import tempfile
from pathlib import Path

from fastapi import FastAPI

from ondol.mail.mailer import Mailbox, Mailer
from ondol.mail.options import MailSettings

app = FastAPI()
mailer = Mailer(MailSettings(), Mailbox(Path(tempfile.gettempdir()) / "mailbox of an example"))


@app.post("/mail")
async def send() -> dict[str, int]:
    await mailer.send(to="jiwoo@example.com", subject="따뜻한 인사", text="The floor is warm.")
    return {"kept": len(mailer.mailbox.messages())}
