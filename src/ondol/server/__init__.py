"""How uvicorn and gunicorn run a service in production: limits, time-outs, no banner."""
