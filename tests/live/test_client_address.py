"""The client address behind proxies, in rate limits and logs."""

import json

import pytest

from ondol.testing.contract import AUTH
from ondol.testing.contract.fixtures import Rig
from ondol.testing.contract.test_limits import ENVIRONMENT, begin_anew
from ondol.testing.waiting import eventually

__all__ = ["ENVIRONMENT", "begin_anew"]


@pytest.mark.parametrize(
    ("forwarded", "changing"),
    [
        pytest.param("{n}.9.9.9", True, id="what our proxy says · ASVS 4.1.3"),
        pytest.param("{n}.9.9.9, 9.9.9.9", False, id="what a client told our proxy · ASVS 4.1.3"),
        pytest.param("{n}.9.9.9, 9.9.9.9, 10.0.0.1", False, id="through two of ours · ASVS 4.1.3"),
        pytest.param("not an address {n}", False, id="no address"),
        pytest.param("2001:db8:0:1::{n}", False, id="another address of one IPv6 network"),
    ],
)
def test_a_client_does_not_choose_its_address(rig: Rig, forwarded: str, changing: bool) -> None:
    """X-Forwarded-For is read from the right, past the trusted proxies."""
    with rig.client() as client:
        answers = [
            client.post(
                f"{AUTH}/refresh",
                json={"refresh_token": "x" * 43},
                headers={"X-Forwarded-For": forwarded.format(n=number)},
            ).status_code
            for number in range(1, 36)
        ]
    assert answers.count(429) == (0 if changing else 5)


def test_a_log_names_the_client_and_not_the_proxy(rig: Rig) -> None:
    with rig.client() as client:
        client.get("/health/live", headers={"X-Forwarded-For": "7.7.7.7, 203.0.113.9", "X-Request-ID": "the-client-1"})
    log = rig.logs / "web0.log"
    eventually(lambda: "the-client-1" in log.read_text(), 5)  # the log is written after the response
    lines = [json.loads(line) for line in log.read_text().splitlines() if "the-client-1" in line]
    assert [line["client"] for line in lines if line["event"] == "request"] == ["203.0.113.9"]
