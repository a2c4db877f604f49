import os
import urllib.request
from pathlib import Path

from ondol.testing.processes import free_port, running, wait_until_ready


def test_gunicorn_with_uvicorn_workers_serves_the_app(
    project_folder: Path, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    port, log = free_port(), tmp_path / "log"
    environment = {
        "ENVIRONMENT": "test",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "PORT": str(port),
        "WEB_CONCURRENCY": "2",
    }
    with running(["-m", "gunicorn", "main:app"], folder=project_folder, environment=environment, log=log) as process:
        base = f"http://127.0.0.1:{port}"
        wait_until_ready(base, process, log)
        with urllib.request.urlopen(f"{base}/api/v1/products", timeout=5) as answer:
            assert answer.status == 200
        assert log.read_text().count("Booting worker") == 2
        process.terminate()
        assert process.wait(timeout=30) == 0
    assert '"unhandled_error"' not in log.read_text()
    assert os.environ.get("WEB_CONCURRENCY") is None
