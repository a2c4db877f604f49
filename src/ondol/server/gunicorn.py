"""gunicorn's worker, with the same limits as `ondol serve`."""

import signal
from typing import Any, ClassVar

from uvicorn_worker import UvicornWorker

from ondol.server.options import HttpSettings
from ondol.server.protocol import PatientProtocol


def worker_for(http: HttpSettings) -> type[UvicornWorker]:
    """Return the worker class, for `worker_class = worker_for(settings.http)` in gunicorn.conf.py."""

    class Worker(UvicornWorker):  # type: ignore[misc]  # it has no types
        CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
            "loop": "auto",
            "http": PatientProtocol,
            "server_header": False,
            "root_path": http.root_path,
            "proxy_headers": False,  # the application handles them (HTTP__TRUSTED_PROXIES)
            "timeout_graceful_shutdown": http.grace_seconds,
        }

        def handle_exit(self, sig: int, frame: object) -> None:
            """Handle SIGQUIT, which gunicorn sends for Ctrl-C, as SIGINT, which uvicorn expects."""
            signal.raise_signal(signal.SIGINT)

        def run(self) -> None:
            try:
                super().run()
            except SystemExit:
                # Gunicorn would log a stack trace, although a start that a signal ended is not a failure.
                if not self.wsgi.state.runtime.drain.has_begun:
                    raise

    return Worker
