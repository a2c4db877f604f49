"""Gunicorn with Uvicorn workers: `gunicorn main:app` reads this file."""

import math

from ondol.observability.shared_metrics import share_between_processes
from ondol.server import KEEP_ALIVE_SECONDS
from ondol.server.gunicorn import worker_for
from ondol.settings import load_settings

from app.settings import AppSettings

# Read here too, so that invalid settings stop the master at once with clear messages.
settings = load_settings(AppSettings)

if settings.metrics.enabled:
    share_between_processes()

bind = f"0.0.0.0:{settings.port}"
workers = settings.web_concurrency
worker_class = worker_for(settings.http)
keepalive = KEEP_ALIVE_SECONDS
# The drain, then the time limit of running requests.
graceful_timeout = math.ceil(settings.drain_seconds) + settings.http.grace_seconds + 1
# A worker that hangs is replaced. Requests have a shorter limit (HTTP__TIMEOUT_SECONDS).
timeout = 60
accesslog = None  # the application writes its own, with request ids
# The control socket would be in the home folder, which an image does not have.
control_socket_disable = True
