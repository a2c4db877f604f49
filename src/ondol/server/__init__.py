"""uvicorn and gunicorn for production: limits, timeouts, no server banner."""

# Longer than the 60 s after which common load balancers close an idle connection, so that they close it first.
KEEP_ALIVE_SECONDS = 75
