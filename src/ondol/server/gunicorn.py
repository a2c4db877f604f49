"""gunicorn's worker, with the same limits as `ondol serve`."""

import signal
from typing import Any, ClassVar

from uvicorn_worker import UvicornWorker

from ondol.server.options import HttpSettings
from ondol.server.protocol import PatientProtocol


def worker_for(http: HttpSettings) -> type[UvicornWorker]:
    """For `worker_class = worker_for(settings.http)` in gunicorn.conf.py."""

    class Worker(UvicornWorker):  # type: ignore[misc]  # it has no types
        CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
            "loop": "auto",
            "http": PatientProtocol,
            "server_header": False,
            "root_path": http.root_path,
            "proxy_headers": False,  # HTTP__TRUSTED_PROXIES says whom we believe
            "timeout_graceful_shutdown": http.grace_seconds,
        }

        def handle_exit(self, sig: int, frame: object) -> None:
            """Take SIGQUIT, by which gunicorn passes Ctrl-C on, for SIGINT: uvicorn knows only that."""
            signal.raise_signal(signal.SIGINT)

        def run(self) -> None:
            try:
                super().run()
            except SystemExit:
                # A start that a signal ended is no failure: gunicorn would report it with a trace.
                if not self.wsgi.state.runtime.drain.has_begun:
                    raise

    return Worker
