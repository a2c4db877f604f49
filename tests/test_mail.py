"""Mail to a real SMTP server."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from ondol.dev.ports import free_port
from ondol.mail.mailer import Mailbox, Mailer
from ondol.mail.options import MailSettings


class Received:
    def __init__(self) -> None:
        self.envelopes: list[Any] = []

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802  (aiosmtpd's name)
        self.envelopes.append(envelope)
        return "250 OK"


@pytest.fixture
def received() -> Iterator[tuple[Received, int]]:
    handler = Received()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=True)
    controller.start()
    yield handler, controller.port
    controller.stop()


@pytest.mark.parametrize(
    ("to", "sent"),
    [
        ("jiwoo@example.com", "jiwoo@example.com"),
        ("jiwoo@도메인.한국", "jiwoo@xn--hq1bm8jm9l.xn--3e0b707e"),
        ("jiwoo@straße.example", "jiwoo@xn--strae-oqa.example"),
        ("지우@도메인.한국", "지우@xn--hq1bm8jm9l.xn--3e0b707e"),
    ],
)
async def test_domains_go_out_in_their_idna_form(
    received: tuple[Received, int], tmp_path: Path, to: str, sent: str
) -> None:
    handler, port = received
    sender = "온돌 <no-reply@도메인.한국>"
    settings = MailSettings(host="127.0.0.1", port=port, start_tls=False, sender=sender)
    await Mailer(settings, Mailbox(tmp_path)).send(to=to, subject="안녕하세요", text="Hello")
    [envelope] = handler.envelopes
    assert envelope.rcpt_tos == [sent]
    message = message_from_bytes(envelope.content, policy=policy.default)
    assert (message["To"], message["Subject"]) == (sent, "안녕하세요")
    assert message["From"] == "온돌 <no-reply@xn--hq1bm8jm9l.xn--3e0b707e>"
    kept = Mailbox(tmp_path)
    await Mailer(MailSettings(sender=sender), kept).send(to=to, subject="s", text="t")
    assert [found["To"] for found in kept.messages()] == [sent]
