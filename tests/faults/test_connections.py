"""Connections: WebSockets, pipelined requests, refused requests among valid ones, clients that disconnect."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from production_rig import UVICORN, Production, Web
from raw_http import connected, connections_of, exchange, statuses, until_closed
from websockets.sync.client import connect

from ondol.testing.waiting import eventually

pytestmark = pytest.mark.whole

ROUTES = """

import asyncio

from fastapi import Request, WebSocket
from fastapi.responses import PlainTextResponse


@app.websocket("/ws")
async def chat(socket: WebSocket) -> None:
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(f"echo {text}")


@app.get("/ws")
async def no_chat() -> str:
    return "no chat"


@app.get("/slow")
async def slow() -> str:
    await asyncio.sleep(0.7)
    return "slow"


@app.post("/echo")
async def echo(request: Request) -> int:
    return len(await request.body())


@app.get("/big")
async def big(size: int) -> PlainTextResponse:
    return PlainTextResponse("x" * size)
"""
HOST = b"Host: localhost\r\n"
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
SLOW = b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n"
UPLOAD = b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n"


@pytest.fixture
def web(prod: Production, starter_copy: Path, request: pytest.FixtureRequest) -> Iterator[Web]:
    """Yield a server with the routes above. Client errors must not be logged as server errors."""
    name = request.node.name
    with prod.with_lines(starter_copy, ROUTES).web(
        name,
        command=UVICORN,
        HTTP__RECEIVE_SECONDS="2",
        HTTP__GZIP_MINIMUM_BYTES="100000000",
        WEB_CONCURRENCY="1",
    ) as web:
        yield web
    said = prod.log(name).read_text()
    assert "Exception in ASGI application" not in said
    assert "unhandled_error" not in said
    assert "Fatal error" not in said


def test_a_websocket_lives_longer_than_a_request_may_take_to_arrive(web: Web) -> None:
    with connect(f"ws://127.0.0.1:{web.port}/ws") as client:
        for number in range(5):
            client.send(str(number))
            assert client.recv(timeout=5) == f"echo {number}"
            time.sleep(1)


@pytest.mark.parametrize(
    "head",
    [
        HANDSHAKE + b"Connection: keep-alive\r\nUpgrade: websocket\r\n\r\n",
        HANDSHAKE + b"Upgrade: websocket \r\n\r\n",
        HANDSHAKE + b"Upgrade: websocket\r\n\r\n",
    ],
    ids=["two Connection headers", "a space behind", "plain"],
)
def test_a_handshake_gets_one_answer(web: Web, head: bytes) -> None:
    with connected(web.port) as one:
        one.sendall(head)
        time.sleep(0.5)
        one.shutdown(socket.SHUT_WR)
        assert statuses(until_closed(one)[0]) == [101]


def test_a_handshake_behind_a_request_is_no_handshake(web: Web) -> None:
    answers = exchange(web.port, SLOW + HANDSHAKE + b"Upgrade: websocket\r\n\r\n")
    assert statuses(answers) == [200, 200]
    assert answers.endswith(b'"no chat"')


def test_a_refusal_leaves_earlier_answers_alone(web: Web) -> None:
    broken = UPLOAD + b"\r\nZZ\r\n"
    assert statuses(exchange(web.port, SLOW + broken)) == [200]
    assert statuses(exchange(web.port, SLOW + SLOW + broken)) == [200, 200]
    assert statuses(exchange(web.port, SLOW + b"GET / HTTP/1.1\r\nbroken\r\n\r\n")) == [200]
    # A request that is refused while its body is awaited, also after 100 Continue.
    assert statuses(exchange(web.port, broken)) == [400]
    assert statuses(exchange(web.port, UPLOAD + b"Expect: 100-continue\r\n\r\nZZ\r\n"))[-1] == 400
    # A request with a response that begins before its body arrives.
    early = b"GET /big?size=10 HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    with connected(web.port) as one:
        one.sendall(early)
        time.sleep(0.3)
        one.sendall(b"ZZ\r\n")
        assert statuses(until_closed(one)[0]) == [200]


def test_clients_that_go_away_or_are_cut_are_no_errors(web: Web) -> None:
    for body in (b"5\r\nab", b""):
        with connected(web.port) as one:
            one.sendall(UPLOAD + b"\r\n" + body)
            time.sleep(0.2)
    answer, _ = until_closed_after(web.port, UPLOAD + b"\r\n5\r\nab")
    assert statuses(answer) == [408]


def test_an_idle_connection_is_not_told_408(web: Web) -> None:
    """The client would take the 408 for the response to its next request."""
    with connected(web.port) as one:
        one.sendall(b"POST /nowhere HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\n")
        time.sleep(0.3)
        one.sendall(b"hello")
        time.sleep(3)
        one.sendall(b"GET /health/live HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        assert statuses(until_closed(one)[0]) == [404, 200]


def test_clients_that_read_nothing_are_cut_whatever_is_left(web: Web) -> None:
    """Socket buffers hold some megabytes; the rest may be less than the transport's high-water mark."""
    with ExitStack() as clients:
        for number in range(20):
            one = clients.enter_context(connected(web.port))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            one.sendall(
                f"GET /big?size={2_800_000 + number * 3_000} HTTP/1.1\r\n".encode()
                + HOST
                + b"Connection: close\r\n\r\n"
            )
            assert one.recv(1)  # the server has accepted the connection and begun to answer
        eventually(
            lambda: connections_of(web.process.pid, web.port) == 0, 90
        )  # the time depends on the load of the machine
        assert connections_of(web.process.pid, web.port) == 0


def test_a_client_that_reads_slowly_gets_all(web: Web) -> None:
    with connected(web.port) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        one.sendall(b"GET /big?size=6000000 HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        received = 0
        started = time.monotonic()
        while part := one.recv(65_536):
            received += len(part)
            if time.monotonic() - started < 7:
                time.sleep(0.03)
        assert received > 6_000_000
        assert time.monotonic() - started > 2


def until_closed_after(port: int, sent: bytes) -> tuple[bytes, float]:
    with connected(port) as one:
        one.sendall(sent)
        return until_closed(one)
