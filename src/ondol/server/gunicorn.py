"""gunicorn's worker: `worker_class = "ondol.server.gunicorn.Worker"`."""

from typing import Any, ClassVar

from uvicorn_worker import UvicornWorker

from ondol.server.protocol import PatientProtocol


class Worker(UvicornWorker):  # type: ignore[misc]  # it has no types
    """uvicorn in gunicorn, with the same limits as `ondol serve`."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {"loop": "auto", "http": PatientProtocol, "server_header": False}
