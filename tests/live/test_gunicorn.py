from collections.abc import Callable
from typing import Any

import httpx2


def test_gunicorn_with_uvicorn_workers_serves_the_app(serve: Callable[..., Any]) -> None:
    with serve(["-m", "gunicorn", "main:app"], WEB_CONCURRENCY="2") as started:
        assert httpx2.get(f"{started.base}/openapi.json").status_code == 200
        assert started.log.read_text().count("Booting worker") == 2
        started.process.terminate()
        assert started.process.wait(timeout=30) == 0
    assert '"unhandled_error"' not in started.log.read_text()
