"""Nobody learns from how long an answer takes which addresses have accounts (ASVS 6.3.8)."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox as MailFolder

from ondol.dev.ports import free_port
from ondol.testing.contract import AUTH
from ondol.testing.contract.fixtures import Rig
from ondol.testing.contract.test_enumeration import ASKS
from ondol.testing.processes import running

pytestmark = pytest.mark.whole

ROUNDS = 15
LIKE = 0.35  # of the shorter: what a busy machine makes of two equal requests; a hash alone is several times that
WORKER = ["-m", "ondol.run", "worker"]
ENVIRONMENT = {"MAIL__HOST": "127.0.0.1", "MAIL__PORT": str(free_port()), "MAIL__START_TLS": "false"}


@contextmanager
def mail_server(kind: str, folder: Path) -> Iterator[None]:
    """On MAIL__PORT: one that takes mail, one that lets everybody wait, or none."""

    class Slow(MailFolder):
        async def handle_DATA(self, *arguments: Any) -> str:  # noqa: N802  (aiosmtpd's name)
            await asyncio.sleep(5)
            return await super().handle_DATA(*arguments)

    if kind == "down":
        yield
        return
    handler = (Slow if kind == "slow" else MailFolder)(folder)
    controller = Controller(handler, hostname="127.0.0.1", port=int(ENVIRONMENT["MAIL__PORT"]))
    controller.start()
    try:
        yield
    finally:
        controller.stop()


@pytest.mark.parametrize("mail", ["up", "slow", "down"])
def test_known_and_unknown_take_as_long(rig: Rig, tmp_path: Path, project_folder: Path, mail: str) -> None:
    """With a job worker that mails, whatever the mail server does."""
    with (
        mail_server(mail, tmp_path / "mail"),
        running(WORKER, folder=project_folder, environment=rig.environment, log=tmp_path / "worker.log"),
        rig.client() as client,
    ):
        for name, (path, ask) in ASKS.items():
            if not rig.serves(f"{AUTH}/{path}"):
                continue
            known: list[float] = []
            unknown: list[float] = []
            addresses = [rig.new_address() for _ in range(ROUNDS)]
            for number, there in enumerate(addresses):
                for seconds, address in ((known, there), (unknown, f"nobody-{number}@example.com")):
                    started = time.perf_counter()
                    assert ask(client, address).status_code in (202, 401)
                    seconds.append(time.perf_counter() - started)
            # The quicker ones: what else this machine does makes some slower, and none quicker.
            one, other = statistics.quantiles(known)[0], statistics.quantiles(unknown)[0]
            assert abs(one - other) < LIKE * min(one, other) + 0.003, (name, one, other)
