"""Sockets that send a byte a second are cut, and others do not notice them."""

import selectors
import socket
import time

import httpx2
import pytest
from production_rig import GUNICORN, UVICORN, Production

SLOW = (
    b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"x" * 1_000,
    b"POST /api/v1/auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 1000\r\n\r\n" + b"x" * 1_000,
    b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1_000,
)
# What arrives at once; then it is a byte a second.
BEGINNING = (40, 150, 70)


@pytest.mark.parametrize(
    "command", [pytest.param(UVICORN, id="uvicorn"), pytest.param(GUNICORN, id="gunicorn", marks=pytest.mark.whole)]
)
def test_slow_clients_are_cut_while_others_are_served(prod: Production, whole: bool, command: tuple[str, ...]) -> None:
    number, limit = (200, 30.0) if whole else (60, 4.0)
    shorter = {} if whole else {"HTTP__RECEIVE_SECONDS": "2"}
    with prod.web("slow-clients", command=command, **shorter) as web:
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
