"""Clients that send one byte per second are disconnected and do not affect others."""

import selectors
import socket
import time

import httpx2
import psycopg
import pytest
from production_rig import GUNICORN, UVICORN, Production
from raw_http import connected, connections_of, until_closed

from ondol.testing.waiting import eventually

pytestmark = pytest.mark.whole

SLOW = (
    b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"x" * 1_000,
    b"POST /api/v1/auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 1000\r\n\r\n" + b"x" * 1_000,
    b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1_000,
)
# Bytes sent at once; then one byte per second.
BEGINNING = (40, 150, 70)


@pytest.mark.parametrize("command", [pytest.param(UVICORN, id="uvicorn"), pytest.param(GUNICORN, id="gunicorn")])
def test_slow_clients_are_cut_while_others_are_served(prod: Production, command: tuple[str, ...]) -> None:
    number, limit = 200, 30.0
    with prod.web("slow-clients", command=command) as web:
        sockets = [socket.create_connection(("127.0.0.1", web.port)) for _ in range(number)]
        waiting = selectors.DefaultSelector()
        for index, one in enumerate(sockets):
            one.sendall(SLOW[index % 3][: BEGINNING[index % 3]])
            waiting.register(one, selectors.EVENT_READ, index)
        started, sent, durations = time.monotonic(), 0, []
        while waiting.get_map() and time.monotonic() - started < limit + 5:
            sent += 1
            for key in list(waiting.get_map().values()):
                start = BEGINNING[key.data % 3] + sent
                try:
                    key.fileobj.send(SLOW[key.data % 3][start : start + 1])  # type: ignore[union-attr]
                except OSError:
                    waiting.unregister(key.fileobj)
            until = started + sent
            while (left := until - time.monotonic()) > 0:
                before = time.monotonic()
                assert httpx2.get(f"{web.base}/api/v1/products").status_code == 200
                durations.append(time.monotonic() - before)
                for key, _ in waiting.select(0):
                    try:
                        if not key.fileobj.recv(65_536):  # type: ignore[union-attr]
                            waiting.unregister(key.fileobj)
                    except OSError:
                        waiting.unregister(key.fileobj)
                time.sleep(min(left, 0.1))
        assert not waiting.get_map(), f"{len(waiting.get_map())} of {number} are still connected"
        assert time.monotonic() - started < limit
        for one in sockets:
            one.close()
    assert sorted(durations)[len(durations) * 95 // 100] < 0.25


REQUEST = b"GET /api/v1/products HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_other_ways_to_keep_a_connection_are_none(prod: Production) -> None:
    with prod.web("odd-clients", HTTP__RECEIVE_SECONDS="2", WEB_CONCURRENCY="1") as web:
        with connected(web.port) as silent:
            received, after = until_closed(silent)
            assert received.startswith(b"HTTP/1.1 408 ")
            assert 1.5 < after < 4
        with connected(web.port) as empty_lines:  # they begin no request, and the keep-alive time ends
            empty_lines.sendall(REQUEST)
            assert empty_lines.recv(65_536).startswith(b"HTTP/1.1 200 ")
            empty_lines.sendall(b"\r\n")
            assert until_closed(empty_lines)[1] < 4
        with connected(web.port) as half_of_the_next:
            half_of_the_next.sendall(REQUEST + b"GET /api")
            received, after = until_closed(half_of_the_next)
            # The first request is answered; the second gets a 408.
            assert received.startswith(b"HTTP/1.1 200 ")
            assert received.count(b"HTTP/1.1 ") == 2
            assert b"HTTP/1.1 408 " in received
            assert after < 4


def test_a_slow_answer_is_not_the_clients_fault(prod: Production) -> None:
    """The response may take longer than the time limit for receiving the next request."""
    with (
        prod.web("slow-answers", HTTP__RECEIVE_SECONDS="1", WEB_CONCURRENCY="1") as web,
        psycopg.connect(prod.database_url) as other,
        connected(web.port) as one,
    ):
        other.execute("LOCK TABLE products IN ACCESS EXCLUSIVE MODE")
        one.sendall(REQUEST + b"GET /api")
        time.sleep(2.5)
        other.rollback()
        received, after = until_closed(one)
        assert received.startswith(b"HTTP/1.1 200 ")
        assert received.count(b"HTTP/1.1 408 ") == 1
        assert after < 3


def test_a_client_that_does_not_read_is_cut(prod: Production) -> None:
    with prod.web("non-readers", HTTP__RECEIVE_SECONDS="2", HTTP__DOCS="true", WEB_CONCURRENCY="1") as web:
        with connected(web.port) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            # Megabytes of responses that the client does not read.
            one.sendall(b"GET /docs-assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)
            assert one.recv(1)  # the server has begun to answer
            eventually(lambda: connections_of(web.process.pid, web.port) == 0, 30)
    assert prod.logged("unhandled_error") == prod.logged("Exception in ASGI application") == []
