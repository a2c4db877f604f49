"""Ports to listen on."""

import random
import socket

from ondol.dev.programs import ServersError

# Below those that systems give to outgoing connections (Linux from 32768, macOS and Windows from 49152): one of them
# would take the port of a server that is just away, or about to start.
_FIRST, _LAST = 20_000, 32_767
_ATTEMPTS = 1_000


def free_port(preferred: int = 0, *, but: int = 0) -> int:
    """A port of 127.0.0.1 that nobody listens on: `preferred` if it is one, and never `but`. Raises ServersError."""
    candidates = (preferred, *(random.randint(_FIRST, _LAST) for _ in range(_ATTEMPTS)))  # noqa: S311
    for port in candidates:
        if port not in (0, but) and _reason_against(port) is None:
            return port
    raise ServersError(f"No port between {_FIRST} and {_LAST} is free.")


def refuse_taken(port: int) -> None:
    """Raises ServersError for a port that somebody listens on."""
    if (error := _reason_against(port)) is not None:
        raise ServersError(f"Port {port} is not free ({error.strerror}); take another with --port.") from error


def _reason_against(port: int) -> OSError | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error
    return None
