"""Gunicorn with Uvicorn workers: `gunicorn main:app` (this file is found by its name)."""

import os

bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "uvicorn_worker.UvicornWorker"
# Longer than the 60 s after which common load balancers close an idle connection: it is they who should.
keepalive = 75
graceful_timeout = 30
# A worker that hangs is replaced; a request has its own, shorter, limit (HTTP__TIMEOUT_SECONDS).
timeout = 60
accesslog = None  # the application writes one, with request ids
