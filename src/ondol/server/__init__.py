"""How uvicorn and gunicorn run a service in production: limits, time-outs, no banner."""

# Longer than the 60 s after which common load balancers close an idle connection: it is they who should.
KEEP_ALIVE_SECONDS = 75
