"""`ondol serve`: uvicorn with as many processes as the settings say."""

import uvicorn

from ondol.server import KEEP_ALIVE_SECONDS
from ondol.server.options import HttpSettings
from ondol.server.protocol import PatientProtocol

# A worker is silent while it imports the application, which takes seconds where others start beside it.
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
        proxy_headers=False,  # HTTP__TRUSTED_PROXIES says whom we believe
        access_log=False,  # the application writes one, with request ids
        log_config=None,
    )
