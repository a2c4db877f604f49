"""Ambiguous requests and invalid headers (RFC 9112)."""

import socket
from urllib.parse import urlsplit

import pytest

from ondol.testing.contract import MAX_ANSWER
from ondol.testing.contract.fixtures import Rig


def exchanged(base: str, sent: bytes) -> bytes:
    """Return all bytes that the server sends until it closes the connection."""
    address = urlsplit(base)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(sent)
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    return answer


BODY = b'{"refresh_token": "xxxxxxxxxxxxxxxxxxxxxxxx"}'
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
LENGTH = str(len(BODY)).encode()
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)

# Headers and the following body: one parser sees one request, another two (RFC 9112).
SMUGGLING: dict[str, tuple[bytes, bytes]] = {
    "both lengths · 6.1": (b"Content-Length: " + LENGTH + b"\r\nTransfer-Encoding: chunked", CHUNKED),
    "both lengths, the other way · 6.1": (b"Transfer-Encoding: chunked\r\nContent-Length: 4", CHUNKED),
    "two lengths · 6.3": (b"Content-Length: 5\r\nContent-Length: " + LENGTH, BODY),
    "a list of lengths · 6.3": (b"Content-Length: 5, " + LENGTH, BODY),
    "a length with a sign · 6.2": (b"Content-Length: +" + LENGTH, BODY),
    "a length below zero · 6.2": (b"Content-Length: -1", BODY),
    "a length in hexadecimal · 6.2": (b"Content-Length: 0x2d", BODY),
    "a length beyond 64 bits · 6.2": (b"Content-Length: 99999999999999999999999999", BODY),
    "a space before the colon · 5.1": (b"Content-Length : " + LENGTH, BODY),
    "a folded header · 5.2": (b"Content-Length:\r\n " + LENGTH, BODY),
    "a header that begins with a space · 5.2": (b" Transfer-Encoding: chunked\r\nContent-Length: " + LENGTH, BODY),
    "another coding · 6.1": (b"Transfer-Encoding: xchunked", CHUNKED),
    "two codings · 6.1": (b"Transfer-Encoding: chunked, identity", CHUNKED),
    "two coding headers · 6.1": (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", CHUNKED),
    "a tab in the coding · 6.1": (b"Transfer-Encoding:\x0bchunked", CHUNKED),
    "a quoted coding · 6.1": (b'Transfer-Encoding: "chunked"', CHUNKED),
    "a bare CR · 2.2": (b"X: a\rTransfer-Encoding: chunked", CHUNKED),
    "NUL in a header · 5.5": (b"X: a\0b\r\nContent-Length: " + LENGTH, BODY),
    "a chunk size below zero · 7.1": (b"Transfer-Encoding: chunked", b"-1\r\n\r\n0\r\n\r\n"),
    "a chunk size with 0x · 7.1": (b"Transfer-Encoding: chunked", b"0x2d\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "a chunk size beyond 64 bits · 7.1": (b"Transfer-Encoding: chunked", b"1" + b"0" * 20 + b"\r\n" + BODY),
    "a chunk longer than it says · 7.1": (b"Transfer-Encoding: chunked", b"5\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "two hosts · 3.2": (b"Host: evil.example\r\nContent-Length: " + LENGTH, BODY),
}


@pytest.mark.parametrize("case", SMUGGLING)
def test_a_request_is_never_two(rig: Rig, case: str) -> None:
    """ASVS 4.2.1: the request is refused and the connection closed, so that the rest is not parsed."""
    headers, body = SMUGGLING[case]
    log = rig.logs / "web0.log"
    before = log.read_text().count("/smuggled")
    head = b"POST /api/v1/auth/refresh HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    answer = exchanged(rig.bases[0], head + headers + b"\r\n\r\n" + body + SMUGGLED)
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:200]
    assert answer.count(b"HTTP/1.1 ") == 1
    assert log.read_text().count("/smuggled") == before


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (b"X-Request-ID: abc\rInjected: yes", 400),
        (b"X-Request-ID: abc\nInjected: yes", None),  # a bare LF ends a header for some parsers: it is a second header
        (b"X-Request-ID: abc\x00def", 400),
        (b"X-Request-ID : abc", 400),
        (b"X-Request-ID: " + b"a" * 8_000, 200),
        (b"X-Request-ID: 12345678%0d%0aInjected:%20yes", 200),
        (b"Content-Length: -1", 400),
        (b"Content-Length: 5, 6", 400),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 5", 400),
        (b"Cookie: " + b"\xff" * 4_000, 200),
    ],
)
def test_headers(rig: Rig, header: bytes, status: int | None) -> None:
    answer = exchanged(
        rig.bases[0], b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + header + b"\r\n\r\n"
    )
    head = answer.partition(b"\r\n\r\n")[0]
    assert status is None or head.startswith(f"HTTP/1.1 {status} ".encode()), head
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"\r\ninjected:" not in head.lower()
    assert b"\r\nX-Request-ID: abc" not in head
    assert len(answer) <= MAX_ANSWER
