"""gunicorn's worker, with the same limits as `ondol serve`."""

from typing import Any, ClassVar

from uvicorn_worker import UvicornWorker

from ondol.server.protocol import PatientProtocol
from ondol.settings import Settings


def worker_for(settings: Settings) -> type[UvicornWorker]:
    """For `worker_class = worker_for(settings)` in gunicorn.conf.py."""

    class Worker(UvicornWorker):  # type: ignore[misc]  # it has no types
        CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
            "loop": "auto",
            "http": PatientProtocol,
            "server_header": False,
            "proxy_headers": False,  # HTTP__TRUSTED_PROXIES says whom we believe
            "timeout_graceful_shutdown": settings.http.grace_seconds,
        }

    return Worker
