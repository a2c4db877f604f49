"""Response times do not reveal which addresses have accounts (ASVS 6.3.8)."""

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
from ondol.testing.contract.service import form_of
from ondol.testing.contract.test_enumeration import PATHS
from ondol.testing.processes import running

pytestmark = pytest.mark.whole

ROUNDS = 15
LIKE = 0.35  # of the shorter time: equal requests differ so much on a busy machine; a hash takes several times more
WORKER = ["-m", "ondol.run", "worker"]
ENVIRONMENT = {"MAIL__HOST": "127.0.0.1", "MAIL__PORT": str(free_port()), "MAIL__START_TLS": "false"}


@contextmanager
def mail_server(kind: str, folder: Path) -> Iterator[None]:
    """Run a mail server on MAIL__PORT that works, that is slow, or none."""

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
    """The job worker sends mail to a server that is up, slow or down."""
    with (
        mail_server(mail, tmp_path / "mail"),
        running(WORKER, folder=project_folder, environment=rig.environment, log=tmp_path / "worker.log"),
        rig.client() as client,
    ):
        for name, path in PATHS.items():
            if not rig.serves(f"{AUTH}/{path}"):
                continue
            known: list[float] = []
            unknown: list[float] = []
            addresses = [rig.new_address() for _ in range(ROUNDS)]
            for number, there in enumerate(addresses):
                for seconds, address in ((known, there), (unknown, f"nobody-{number}@example.com")):
                    started = time.perf_counter()
                    answer = client.post(f"{AUTH}/{path}", **form_of(path, address))
                    assert answer.status_code in (202, 401)
                    seconds.append(time.perf_counter() - started)
            # The first quartile: other load on this machine makes some requests slower, and none faster.
            one, other = statistics.quantiles(known)[0], statistics.quantiles(unknown)[0]
            assert abs(one - other) < LIKE * min(one, other) + 0.003, (name, one, other)
