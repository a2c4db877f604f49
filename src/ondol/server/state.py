"""What an application tells its server through the ASGI lifespan state, and which server that is."""

import sys
from dataclasses import dataclass

OPTIONS = "ondol.server_options"


@dataclass(frozen=True)
class ServerOptions:
    """How long and how large a request may be. `max_head_bytes`: of headers and trailers together. `websockets`:
    whether the application has any."""

    receive_seconds: float = 20.0
    max_head_bytes: int = 65_536
    max_url_bytes: int = 8_192
    websockets: bool = True


def is_strict() -> bool:
    """Whether this process may be served by `ondol.server.protocol`: `ondol serve` and gunicorn's worker import it,
    plain `uvicorn main:app` does not."""
    return "ondol.server.protocol" in sys.modules
