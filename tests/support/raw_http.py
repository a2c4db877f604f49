"""Raw bytes over a socket, for requests that no HTTP client would send."""

import socket
import time

import psutil


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def connections_of(pid: int, port: int) -> int:
    """Return how many clients the process has connections to, on its port."""
    found = psutil.Process(pid).net_connections("tcp")
    return sum(bool(each.raddr) and each.laddr.port == port for each in found)


def until_closed(one: socket.socket) -> tuple[bytes, float]:
    """Return the bytes received until the other end closes, and the seconds until then."""
    started, received = time.monotonic(), b""
    try:
        while part := one.recv(65_536):
            received += part
    except ConnectionResetError:
        pass
    return received, time.monotonic() - started


def exchange(port: int, *pieces: bytes) -> bytes:
    """Send `pieces`, each in its own packet, and return the bytes received until the other end closes."""
    with connected(port) as one:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            try:
                one.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                break  # closed by the other end
            time.sleep(0.01)
        return until_closed(one)[0]


def statuses(answers: bytes) -> list[int]:
    """Return the status of each response on a connection. Bodies must not contain a status line."""
    return [int(part[:3]) for part in answers.split(b"HTTP/1.1 ")[1:]]
