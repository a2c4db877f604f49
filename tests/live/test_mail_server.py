"""Mail through a real SMTP server."""

from pathlib import Path

import pytest

from ondol.testing.contract import AUTH
from ondol.testing.contract.fixtures import Rig
from ondol.testing.contract.service import form_of
from ondol.testing.contract.test_timing import ENVIRONMENT, mail_server
from ondol.testing.processes import running
from ondol.testing.waiting import eventually

__all__ = ["ENVIRONMENT"]


@pytest.mark.whole
def test_mail_reaches_a_real_server(rig: Rig, tmp_path: Path, project_folder: Path) -> None:
    """The job retries if the server was down."""
    address, folder = rig.new_address(), tmp_path / "mail"
    with (
        running(
            ["-m", "ondol.run", "worker"], folder=project_folder, environment=rig.environment, log=tmp_path / "log"
        ),
        rig.client() as client,
    ):
        answer = client.post(f"{AUTH}/password-reset", **form_of("password-reset", address))
        assert answer.status_code == 202
        eventually(lambda: "job_failed" in (tmp_path / "log").read_text(), 60)
        with mail_server("up", folder):
            eventually(lambda: bool(list((folder / "new").glob("*"))), 60)
    [mail] = [file.read_text() for file in (folder / "new").glob("*")]
    assert f"To: {address}" in mail
    assert "reset-password#token=" in mail
