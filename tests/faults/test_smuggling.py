"""No body is read as a request: by the server, and by nginx and HAProxy with WebSocket headers."""

import itertools
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from production_rig import GUNICORN, UVICORN, Production
from raw_http import exchange, statuses

from ondol.dev.ports import free_port

pytestmark = pytest.mark.whole

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "PROPFIND")
UPGRADES = ("foo", "websocket", "h2c", "foo, websocket", "WebSocket")
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\nX-Attack: 1\r\n\r\n"


def framed(framing: str, body: bytes) -> tuple[bytes, bytes]:
    """Return the header that frames the body, and the framed body."""
    if framing == "length":
        return b"Content-Length: %d\r\n" % len(body), body
    return b"Transfer-Encoding: chunked\r\n", b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def attack(method: str, upgrade: str, framing: str, path: str = "/api/v1/auth/refresh") -> tuple[bytes, bytes]:
    header, body = framed(framing, SMUGGLED)
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: {upgrade}\r\n".encode()
    return head + header + b"\r\n", body


@pytest.mark.parametrize("command", [UVICORN, GUNICORN], ids=["uvicorn", "gunicorn"])
def test_an_upgrade_gets_one_answer(prod: Production, command: tuple[str, ...]) -> None:
    with prod.web("upgrades", command=command) as web:
        for method, upgrade, framing in itertools.product(METHODS, UPGRADES, ("length", "chunked")):
            head, body = attack(method, upgrade, framing)
            for pieces in ((head + body,), (head, body), (head, body, SMUGGLED)):
                answers = exchange(web.port, *pieces)
                assert len(statuses(answers)) == 1, (method, upgrade, framing, answers)
        [status] = statuses(exchange(web.port, *attack("GET", "h2c", "length", "/health/live")))
        assert status == 200  # the upgrade is ignored
    assert prod.logged("/smuggled") == []


REFUSED = {
    "another coding before chunked": b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "chunked in HTTP/1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "CONNECT": b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no Host": b"GET /health/live HTTP/1.1\r\n\r\n",
    "HTTP/2 in clear text": b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n",
}


def test_what_is_read_in_two_ways_is_refused(prod: Production) -> None:
    with prod.web("ambiguous") as web:
        for name, head in REFUSED.items():
            assert statuses(exchange(web.port, head + b"0\r\n\r\n", SMUGGLED)) == [400], name
        # Trailers must not become headers: a proxy has checked only the headers.
        body = b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Request-ID: from-a-trailer\r\nHost: evil.example\r\n\r\n"
        answer = exchange(web.port, b"POST /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + body)
        assert statuses(answer) == [405]
        assert b"from-a-trailer" not in answer
        # The request before a malformed one is answered.
        good = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
        assert statuses(exchange(web.port, good + b"GET / HTTP/1.1\r\nA : b\r\n\r\n" + SMUGGLED)) == [200]
    assert prod.logged("/smuggled") == []


NGINX = """
daemon off;
error_log stderr crit;
pid {folder}/nginx.pid;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/nginx-body; proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-f; uwsgi_temp_path {folder}/nginx-u; scgi_temp_path {folder}/nginx-s;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  upstream service {{ server 127.0.0.1:{service}; keepalive 8; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://service;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }}
  }}
}}
"""
HAPROXY = """
defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 10s
  http-reuse always
frontend entrance
  bind 127.0.0.1:{port}
  default_backend service
backend service
  server one 127.0.0.1:{service}
"""
PROXIES = {"nginx": (NGINX, ["-c"]), "haproxy": (HAPROXY, ["-f"])}


@contextmanager
def proxy(name: str, folder: Path, service: int) -> Iterator[int]:
    """Run the proxy in front of the port `service`, and yield its port."""
    program = shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/bin:/opt/homebrew/bin")
    assert program, f"install {name} (Debian: apt-get install {name})"
    text, options = PROXIES[name]
    port, config = free_port(), folder / f"{name}.conf"
    config.write_text(text.format(folder=folder, port=port, service=service))
    process = subprocess.Popen([program, *options, str(config)])
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


@pytest.mark.parametrize("name", PROXIES)
@pytest.mark.parametrize("command", [UVICORN, GUNICORN], ids=["uvicorn", "gunicorn"])
def test_nobody_gets_the_answer_to_a_smuggled_request(prod: Production, command: tuple[str, ...], name: str) -> None:
    victim = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    cases = itertools.cycle(itertools.product(METHODS, UPGRADES, ("length", "chunked")))
    with prod.web(f"behind-{name}", command=command) as web, proxy(name, prod.folder, web.port) as port:
        for _, (method, upgrade, framing) in zip(range(1_000), cases, strict=False):
            head, body = attack(method, upgrade, framing)
            with socket.create_connection(("127.0.0.1", port), timeout=20) as attacker:
                attacker.sendall(head + body)
                attacker.recv(65_536)
                answer = exchange(port, victim)
                assert statuses(answer) == [200], (method, upgrade, framing, answer)
                assert answer.endswith(b'{"status":"ok"}')
    assert prod.logged("/smuggled") == []
