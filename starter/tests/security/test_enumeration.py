"""Nobody learns which addresses have accounts: not by what is answered, nor by how long it takes (ASVS 6.3.8)."""

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox as MailFolder
from ondol.dev.ports import free_port
from ondol.testing.processes import running

from app.scopes import Role
from people import people
from waiting import eventually

PASSWORD, WRONG = "correct horse battery", "wrong horse battery"
ROUNDS = 15
LIKE = 0.35  # of the shorter: what a busy machine makes of two equal requests; a hash alone is several times that
WORKER = ["-m", "ondol.run", "worker"]
ENVIRONMENT = {"MAIL__HOST": "127.0.0.1", "MAIL__PORT": str(free_port()), "MAIL__START_TLS": "false"}


def known_address(rig: Any) -> str:
    with rig.client() as client:
        address: str = client.get("/api/v1/users/me", headers=people(rig.database, 1)[0]).json()["email"]
    return address


def disabled_address(rig: Any) -> str:
    [headers], [admin] = people(rig.database, 1), people(rig.database, 1, Role.ADMIN)
    with rig.client() as client:
        account = client.get("/api/v1/users/me", headers=headers).json()
        client.patch(f"/api/v1/users/{account['id']}", json={"is_active": False}, headers=admin)
    return str(account["email"])


Ask = Callable[[httpx2.Client, str], httpx2.Response]


def log_in(client: httpx2.Client, address: str) -> httpx2.Response:
    return client.post("/api/v1/auth/token", data={"username": address, "password": WRONG})


def register(client: httpx2.Client, address: str) -> httpx2.Response:
    return client.post("/api/v1/auth/register", json={"email": address})


def reset(client: httpx2.Client, address: str) -> httpx2.Response:
    return client.post("/api/v1/auth/password-reset", json={"email": address})


ASKS: dict[str, Ask] = {
    "logging in · ASVS 6.3.8": log_in,
    "registering · ASVS 6.3.8": register,
    "a forgotten password · ASVS 6.3.8": reset,
}


@pytest.mark.parametrize("name", ASKS)
def test_known_unknown_and_disabled_are_answered_alike(rig: Any, name: str) -> None:
    addresses = [known_address(rig), disabled_address(rig), "nobody@example.com"]
    with rig.client() as client:
        answers = [ASKS[name](client, address) for address in addresses]
    seen = {
        (
            answer.status_code,
            str({key: value for key, value in answer.json().items() if key != "request_id"})
            if answer.status_code >= 400
            else answer.text,
            tuple(sorted(set(answer.headers) - {"date", "x-request-id"})),
        )
        for answer in answers
    }
    assert len(seen) == 1, seen


@contextmanager
def mail_server(kind: str, folder: Path) -> Iterator[None]:
    """On MAIL__PORT: one that takes mail, one that lets everybody wait, or none."""

    class Slow(MailFolder):
        async def handle_DATA(self, *arguments: Any) -> str:  # noqa: N802  (aiosmtpd's name)
            await asyncio.sleep(5)
            return await super().handle_DATA(*arguments)  # type: ignore[no-any-return]

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
def test_known_and_unknown_take_as_long(rig: Any, tmp_path: Path, project_folder: Path, mail: str) -> None:
    """With a job worker that mails, whatever the mail server does."""
    with (
        mail_server(mail, tmp_path / "mail"),
        running(WORKER, folder=project_folder, environment=rig.environment, log=tmp_path / "worker.log"),
        rig.client() as client,
    ):
        for name, ask in ASKS.items():
            known, unknown = [], []
            addresses = [known_address(rig) for _ in range(ROUNDS)]
            for number, there in enumerate(addresses):
                for seconds, address in ((known, there), (unknown, f"nobody-{number}@example.com")):
                    started = time.perf_counter()
                    assert ask(client, address).status_code in (202, 401)
                    seconds.append(time.perf_counter() - started)
            # The quicker ones: what else this machine does makes some slower, and none quicker.
            one, other = statistics.quantiles(known)[0], statistics.quantiles(unknown)[0]
            assert abs(one - other) < LIKE * min(one, other) + 0.003, (name, one, other)


def test_mail_reaches_a_real_server(rig: Any, tmp_path: Path, project_folder: Path) -> None:
    """Also one that was down when it was asked for: the job tries again."""
    address, folder = known_address(rig), tmp_path / "mail"
    with (
        running(
            ["-m", "ondol.run", "worker"], folder=project_folder, environment=rig.environment, log=tmp_path / "log"
        ),
        rig.client() as client,
    ):
        assert reset(client, address).status_code == 202
        eventually(lambda: "job_failed" in (tmp_path / "log").read_text(), 10)
        with mail_server("up", folder):
            eventually(lambda: bool(list((folder / "new").glob("*"))), 20)
    [mail] = [file.read_text() for file in (folder / "new").glob("*")]
    assert f"To: {address}" in mail
    assert "reset-password#token=" in mail
