"""Endless request heads are refused at the limit, with a response, and use no memory."""

import socket

import psutil
import pytest
from production_rig import GUNICORN, UVICORN, Production
from raw_http import exchange, statuses, until_closed

pytestmark = pytest.mark.whole

HOST = b"Host: localhost\r\n"
LIMIT, URL_LIMIT = 65_536, 8_192


def head_of(size: int) -> bytes:
    """Return a request with `size` bytes of headers, including colons, spaces and line ends."""
    filler = size - len(HOST) - len(b"Connection: close\r\n") - len(b"X: \r\n")
    return b"GET /health/live HTTP/1.1\r\n" + HOST + b"Connection: close\r\nX: " + b"x" * filler + b"\r\n\r\n"


def url_of(size: int) -> bytes:
    path = b"/health/live?"
    return b"GET " + path + b"x" * (size - len(path)) + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"


def with_trailers(size: int) -> bytes:
    head = b"POST /api/v1/auth/refresh HTTP/1.1\r\n" + HOST + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"0\r\n" + b"X-Trailer: x\r\n" * (size // 14) + b"\r\n"


CASES = {
    "a head within the limit": (head_of(LIMIT), 200),
    "a head of one byte more": (head_of(LIMIT + 1), 431),
    "many small headers": (b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 20_000 + b"\r\n", 431),
    "a URL within the limit": (url_of(URL_LIMIT), 200),
    "a URL of one byte more": (url_of(URL_LIMIT + 1), 414),
    "trailers within the limit": (with_trailers(LIMIT // 2), 401),
    "trailers beyond it": (with_trailers(LIMIT * 2), 431),
    "empty lines": (b"\r\n" * LIMIT, 431),
    "a chunk extension": (
        b"POST /api/v1/auth/refresh HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 1_000_000,
        431,
    ),
}


@pytest.mark.parametrize("command", [UVICORN, GUNICORN], ids=["uvicorn", "gunicorn"])
def test_heads_and_urls_have_a_limit(prod: Production, command: tuple[str, ...]) -> None:
    with prod.web("heads", command=command) as web:
        for name, (request, status) in CASES.items():
            answer = exchange(web.port, request)
            assert statuses(answer) == [status], name
            if status in (414, 431):
                assert b"application/problem+json" in answer, name


ENDLESS = {
    "one header": (b"GET / HTTP/1.1\r\n" + HOST + b"X: ", b"x" * 65_536),
    "headers": (b"GET / HTTP/1.1\r\n" + HOST, b"X-Header: y\r\n" * 5_000),
    "a URL": (b"GET /", b"x" * 65_536),
    "trailers": (
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n",
        b"X-Header: y\r\n" * 5_000,
    ),
}


def test_endless_heads_use_no_memory(prod: Production) -> None:
    with prod.web("endless", WEB_CONCURRENCY="1") as web:
        server = psutil.Process(web.process.pid)
        before = server.memory_info().rss
        for begin, piece in ENDLESS.values():
            for _ in range(4):
                with socket.create_connection(("127.0.0.1", web.port), timeout=20) as one:
                    one.sendall(begin)
                    try:
                        for _ in range(1_000):  # 64 MB
                            one.sendall(piece)
                    except OSError:
                        pass  # the server has closed
                    until_closed(one)
        assert server.memory_info().rss - before < 16_000_000
    assert prod.logged("unhandled_error") == []
