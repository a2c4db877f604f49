import re

import pytest
from fastapi.testclient import TestClient

from app.factory import create_app
from app.settings import AppSettings


def test_own_middleware_and_hooks_run(capfd: pytest.CaptureFixture[str], settings: AppSettings) -> None:
    app = create_app(settings)
    with TestClient(app) as client:
        assert re.fullmatch(r"total;dur=\d+\.\d", client.get("/health/live").headers["Server-Timing"])
        opened = capfd.readouterr().err
        assert "open_for_requests" in opened
        assert "closed_for_requests" not in opened
    assert "closed_for_requests" in capfd.readouterr().err
