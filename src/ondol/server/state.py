"""Options that an application passes to its server in the ASGI lifespan state, and the detection of that server."""

import sys
from dataclasses import dataclass

OPTIONS = "ondol.server_options"


@dataclass(frozen=True)
class ServerOptions:
    """Limits of requests. `max_head_bytes`: for headers and trailers together. `websockets`: whether the application
    has any."""

    receive_seconds: float = 20.0
    max_head_bytes: int = 65_536
    max_url_bytes: int = 8_192
    websockets: bool = True


def is_strict() -> bool:
    """Return whether `ondol.server.protocol` probably serves this process: `ondol serve` and gunicorn's worker import
    it, plain `uvicorn main:app` does not."""
    return "ondol.server.protocol" in sys.modules
