"""What an application tells its server through the ASGI lifespan state."""

RECEIVE_SECONDS = "ondol.receive_seconds"
DEFAULT_RECEIVE_SECONDS = 20.0
