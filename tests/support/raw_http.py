"""Bytes over a socket, as no HTTP client would send them."""

import socket
import time


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def until_closed(one: socket.socket) -> tuple[bytes, float]:
    """What still came, and after how many seconds the other end closed."""
    started, received = time.monotonic(), b""
    try:
        while part := one.recv(65_536):
            received += part
    except ConnectionResetError:
        pass
    return received, time.monotonic() - started


def exchange(port: int, *pieces: bytes) -> bytes:
    """Sends `pieces`, each in a packet of its own, and returns what came until the other end closed."""
    with connected(port) as one:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            try:
                one.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                break  # closed before all was sent
            time.sleep(0.01)
        return until_closed(one)[0]


def statuses(answers: bytes) -> list[int]:
    """The status of each answer on a connection. No body of ours holds a status line."""
    return [int(part[:3]) for part in answers.split(b"HTTP/1.1 ")[1:]]
