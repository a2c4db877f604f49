"""Ports to listen on."""

import random
import socket

from ondol.dev.programs import ServersError

# Below the ports of outgoing connections (Linux from 32768, macOS and Windows from 49152): such a connection could
# take the port of a server that is restarting.
_FIRST, _LAST = 20_000, 32_767
_ATTEMPTS = 1_000


def free_port(preferred: int = 0, *, but: int = 0) -> int:
    """Return a free port of 127.0.0.1: `preferred` if it is free, never `but`. Raises ServersError."""
    candidates = (preferred, *(random.randint(_FIRST, _LAST) for _ in range(_ATTEMPTS)))  # noqa: S311
    for port in candidates:
        if port not in (0, but) and _reason_against(port) is None:
            return port
    raise ServersError(f"No port between {_FIRST} and {_LAST} is free.")


def refuse_taken(port: int) -> None:
    """Raise ServersError if the port is in use."""
    if (error := _reason_against(port)) is not None:
        raise ServersError(f"Port {port} is not free ({error.strerror}). Choose another with --port.") from error


def _reason_against(port: int) -> OSError | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error
    return None
