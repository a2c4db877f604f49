"""HTTP itself: headers, methods, and requests that two servers would read differently."""

import socket
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from operations import request_for

EVERYWHERE = {
    "x-content-type-options": "nosniff",  # ASVS 3.4.4
    # ASVS 3.4.3 and 3.4.6
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",  # ASVS 3.4.5
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",  # ASVS 14.3.2
}


def test_every_answer_carries_the_headers(service: Any) -> None:
    """ASVS 3.4, and 13.4.6: no banner says what runs here."""
    for operation in service.document.operations:
        for headers in (service.admin, {}):
            answer = request_for(service, operation, headers)
            assert {name: answer.headers.get(name) for name in EVERYWHERE} == EVERYWHERE, operation.id
            assert not {"server", "x-powered-by", "via"} & answer.headers.keys()


def test_head_is_answered_where_get_is(service: Any) -> None:
    """RFC 9110, 9.3.2: as GET, without a body."""
    for operation in service.document.operations:
        if operation.method == "GET":
            full = request_for(service, operation, service.admin)
            head = request_for(service, replace(operation, method="HEAD"), service.admin)
            assert (head.status, head.body) == (full.status, b""), operation.id
            assert head.headers["content-length"] == full.headers["content-length"]


def test_no_method_is_there_that_should_not_be(service: Any) -> None:
    """ASVS 13.4.4 and 4.1.4: no TRACE; nothing else than what the document names."""
    for operation in service.document.operations:
        assert service.send("TRACE", operation.path, headers=service.admin).status == 405


BODY = b'{"refresh_token": "xxxxxxxxxxxxxxxxxxxxxxxx"}'
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
LENGTH = str(len(BODY)).encode()
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)

# Headers and the body that follows: where one reader sees one request, another would see two. RFC 9112.
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
def test_a_request_is_never_two(rig: Any, case: str) -> None:
    """ASVS 4.2.1: refused, and the connection closed, so that what follows is no request."""
    headers, body = SMUGGLING[case]
    address = urlsplit(rig.bases[0])
    log = rig.logs / "web0.log"
    before = log.read_text().count("/smuggled")
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        head = b"POST /api/v1/auth/refresh HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        connection.sendall(head + headers + b"\r\n\r\n" + body + SMUGGLED)
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:200]
    assert answer.count(b"HTTP/1.1 ") == 1
    assert log.read_text().count("/smuggled") == before
