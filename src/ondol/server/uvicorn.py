"""`ondol serve`: uvicorn with several processes."""

import uvicorn

from ondol.server import KEEP_ALIVE_SECONDS
from ondol.server.options import HttpSettings
from ondol.server.protocol import PatientProtocol

# A worker does not respond while it imports the application, which takes seconds if others start at the same time.
HEALTHCHECK_SECONDS = 60


def serve(application: str, http: HttpSettings, *, host: str, port: int, workers: int) -> None:
    """Serve `application` ("module:name") until SIGTERM, then let running requests end."""
    uvicorn.run(
        application,
        host=host,
        port=port,
        workers=workers,
        http=PatientProtocol,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=http.grace_seconds,
        timeout_worker_healthcheck=HEALTHCHECK_SECONDS,
        server_header=False,
        root_path=http.root_path,
        proxy_headers=False,  # the application handles them (HTTP__TRUSTED_PROXIES)
        access_log=False,  # the application writes its own, with request ids
        log_config=None,
    )
