"""Mail by SMTP. Use it in jobs: an SMTP server may be down for hours.

Without a host nothing is sent: messages are stored as files, for development and tests.

    from ondol.mail.mailer import Mailbox, Mailer
    from ondol.mail.options import MailSettings
    mailer = Mailer(MailSettings(host=None), Mailbox(tmp_path))
    await mailer.send(to="jiwoo@example.com", subject="Welcome", text="The floor is warm.")
    assert mailer.mailbox.messages()[0]["Subject"] == "Welcome"
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, make_msgid, parseaddr
from pathlib import Path
from uuid import uuid4

import aiosmtplib
import idna

from ondol.mail.options import MailSettings

SEND_TIMEOUT_SECONDS = 20


def with_ascii_domain(address: str) -> str:
    """Return the address with its domain in the IDNA form (RFC 5891), `xn--…`. Raises ValueError."""
    local, separator, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local}{separator}{idna.encode(domain, uts46=True).decode()}"


class Mailbox:
    """Messages stored as `.eml` files in a folder, so that the web process and the worker share them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, message: EmailMessage) -> None:
        """Store a message. The folder is created if needed. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        name = f"{time.time_ns()}-{uuid4().hex[:8]}"
        part = self._folder / f"{name}.part"
        part.write_bytes(message.as_bytes())
        part.rename(self._folder / f"{name}.eml")

    def messages(self) -> Sequence[EmailMessage]:
        """Return the messages, newest first."""
        files = sorted(self._folder.glob("*.eml"), reverse=True) if self._folder.is_dir() else []
        return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


@dataclass(frozen=True)
class Mailer:
    """Send mail through `settings.host`, or store it in `mailbox`."""

    settings: MailSettings
    mailbox: Mailbox

    async def send(self, *, to: str, subject: str, text: str) -> None:
        """Send a plain-text message. Raises aiosmtplib.SMTPException or ValueError (a header with a line break)."""
        name, sender = parseaddr(self.settings.sender)
        sender, recipient = with_ascii_domain(sender), with_ascii_domain(to)
        # Only a local part with non-ASCII characters needs SMTPUTF8 (RFC 6531).
        message = EmailMessage(policy=policy.SMTP if (sender + recipient).isascii() else policy.SMTPUTF8)
        message["From"], message["To"], message["Subject"] = formataddr((name, sender)), recipient, subject
        message["Date"], message["Message-ID"] = format_datetime(datetime.now(UTC)), make_msgid(domain="ondol")
        message.set_content(text)
        if self.settings.host is None:
            await asyncio.to_thread(self.mailbox.keep, message)
            return
        password = self.settings.password
        await aiosmtplib.send(
            message,
            recipients=[recipient],  # the default decodes the header, which can change the address
            hostname=self.settings.host,
            port=self.settings.port,
            username=self.settings.username,
            password=password.get_secret_value() if password else None,
            start_tls=self.settings.start_tls,
            timeout=SEND_TIMEOUT_SECONDS,
        )
