"""Requests at the application: methods, errors of middleware, CORS, client addresses, the access log."""

import gzip
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Body, FastAPI, Request, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse
from fastapi.testclient import TestClient
from pydantic import ValidationError
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from ondol.errors import NotFound
from ondol.networks import are_too_wide
from ondol.observability.logging import configure_logging
from ondol.observability.options import LoggingSettings
from ondol.runtime import Runtime
from ondol.server.options import HttpSettings
from ondol.settings import Settings
from ondol.web.app import install
from ondol.web.problems import ErrorBodies, ProblemDetails
from ondol.web.routes import has_websockets


def application(tmp_path: Path, **http: Any) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None)
    install(app, Runtime(Settings(environment="test", project_folder=tmp_path, http=HttpSettings(**http))))

    @app.get("/thing")
    async def read() -> str:
        return "a thing"

    @app.put("/thing")
    @app.delete("/thing")
    async def write() -> None: ...

    @app.head("/own")
    async def own() -> PlainTextResponse:
        return PlainTextResponse(headers={"X-Own": "yes"})

    @app.get("/own")
    async def other() -> None: ...

    @app.get("/events")
    async def events() -> StreamingResponse:
        async def endless() -> AsyncIterator[str]:
            while True:
                yield "data: x\n\n"

        return StreamingResponse(endless(), media_type="text/event-stream")

    @app.get("/where")
    async def where(request: Request) -> str:
        return request.client.host if request.client else "nowhere"

    return app


@pytest.mark.parametrize("chunked", [False, True])
def test_every_route_has_a_body_limit_and_may_have_its_own(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, chunked: bool
) -> None:
    app = application(tmp_path, max_body_bytes=1_000)

    @app.post("/words")
    @app.post("/books", max_body_size=5_000)
    async def take(body: Annotated[bytes, Body()]) -> int:
        return len(body)

    client = TestClient(app)
    headers = {"Content-Type": "application/octet-stream"}
    answers = {}
    for url, size in (("/words", 900), ("/words", 1_100), ("/books", 4_900), ("/books", 5_100)):
        content = iter([b"x" * 400, b"x" * (size - 400)]) if chunked else b"x" * size
        answers[url, size] = client.post(url, content=content, headers=headers)
    assert [answer.status_code for answer in answers.values()] == [200, 413, 200, 413]
    for refused in (answers["/words", 1_100], answers["/books", 5_100]):
        assert refused.json()["code"] == "content_too_large"
        assert refused.headers["X-Request-ID"] == refused.json()["request_id"]
    assert "unhandled_error" not in caplog.text


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    return application(tmp_path)


def test_head_is_get_without_the_body(app: FastAPI) -> None:
    client = TestClient(app)
    head, get = client.head("/thing"), client.get("/thing")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]
    assert client.head("/own").headers["X-Own"] == "yes"
    assert client.head("/events").status_code == 200
    assert client.head("/health/live").status_code == 200
    assert client.head("/nowhere").status_code == 404
    assert client.head("/docs-assets/favicon.png").content == b""
    for path in ("/thing", "/openapi.json"):
        head, get = (client.request(method, path, headers={"Accept-Encoding": "gzip"}) for method in ("HEAD", "GET"))
        for name in ("Content-Length", "Content-Encoding", "Vary", "Content-Type"):
            assert head.headers.get(name) == get.headers.get(name), (path, name)


def test_allow_names_every_method_of_the_path(app: FastAPI) -> None:
    answer = TestClient(app).post("/thing")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "DELETE, GET, HEAD, PUT")


def test_a_plain_error_arrives_whole(app: FastAPI) -> None:
    long = "x" * 20_000

    @app.get("/parts")
    async def parts() -> StreamingResponse:
        return StreamingResponse(iter(["one ", "two ", "three"]), 400, media_type="text/plain")

    @app.get("/cookies")
    async def cookies() -> PlainTextResponse:
        answer = PlainTextResponse("refused", 403)
        answer.set_cookie("a", "1")
        answer.set_cookie("b", "2")
        return answer

    @app.get("/compressed")
    async def compressed() -> PlainTextResponse:
        return PlainTextResponse(gzip.compress(b"too much"), 429, {"Content-Encoding": "gzip"})

    @app.get("/long")
    async def a_long_one() -> PlainTextResponse:
        return PlainTextResponse(long, 500)

    client = TestClient(app)
    assert client.get("/parts").json()["detail"] == "one two three"
    answer = client.get("/cookies")
    assert answer.json()["detail"] == "refused"
    assert [cookie.partition(";")[0] for cookie in answer.headers.get_list("Set-Cookie")] == ["a=1", "b=2"]
    answer = client.get("/compressed")
    assert (answer.status_code, answer.text) == (429, "too much")
    answer = client.get("/long", headers={"Accept-Encoding": "gzip"})
    assert (answer.text, answer.headers["Content-Encoding"]) == (long, "gzip")


def test_cors_headers_by_setting(tmp_path: Path) -> None:
    origin = {"Origin": "https://shop.example"}
    listed = {"cors_origins": ["https://shop.example"]}

    def preflight(header: str, **http: Any) -> int:
        asked = {**origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": header}
        return TestClient(application(tmp_path, **listed, **http)).options("/thing", headers=asked).status_code

    for header in ("Idempotency-Key", "If-None-Match", "If-Match", "traceparent", "tracestate", "X-Request-ID"):
        assert preflight(header) == 200, header
    assert preflight("X-Own") == 400
    assert preflight("X-Own", cors_allow_headers=["X-Own"]) == 200
    client = TestClient(application(tmp_path, **listed, cors_expose_headers=["X-Total"]))
    exposed = client.get("/thing", headers=origin).headers["Access-Control-Expose-Headers"].split(", ")
    assert {"Location", "ETag", "X-Request-ID", "X-Total"} <= set(exposed)


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "client"),
    [
        ([], "10.0.0.1", "1.2.3.4", "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", "9.9.9.9, 1.2.3.4", "1.2.3.4"),
        (["10.0.0.0/8"], "::ffff:10.0.0.1", "1.2.3.4", "1.2.3.4"),
        (["10.0.0.1"], "::ffff:10.0.0.1", "1.2.3.4", "1.2.3.4"),
        (["10.0.0.0/8"], "::ffff:11.0.0.1", "1.2.3.4", "::ffff:11.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", "1.2.3.4, ::ffff:10.0.0.2", "1.2.3.4"),
        (["unix"], None, "1.2.3.4", "1.2.3.4"),
        (["unix"], None, "unix, 1.2.3.4", "1.2.3.4"),
        (["10.0.0.0/8"], None, "1.2.3.4", "unix"),
        (["unix"], "10.0.0.1", "1.2.3.4", "10.0.0.1"),
        (["fd00::/8"], "fd00::1", "1.2.3.4", "1.2.3.4"),
    ],
)
def test_clients_behind_proxies_are_told_apart(
    tmp_path: Path, proxies: list[str], peer: str | None, forwarded: str, client: str
) -> None:
    address: Any = (peer, 1) if peer else None
    connected = TestClient(application(tmp_path, trusted_proxies=proxies), client=address)
    assert connected.get("/where", headers={"X-Forwarded-For": forwarded}).json() == client


@pytest.mark.parametrize(
    ("networks", "too_wide"),
    [
        (["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "unix", "169.254.0.0/16"], False),
        (["0.0.0.0/1", "128.0.0.0/1"], True),
        (["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"], True),
        (["::ffff:0:0/96"], True),
        (["::/1", "8000::/1"], True),
        (["::/0"], True),
        (["::fffe:0:0/95"], True),
        (["2600::/7"], True),
        (["2a06:98c0::/29", "fd00:1::/32"], False),
    ],
)
def test_networks_that_are_everybody(networks: list[str], too_wide: bool) -> None:
    assert are_too_wide(networks) is too_wide


def test_a_proxy_that_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="does not appear to be an IPv4 or IPv6 network"):
        HttpSettings(trusted_proxies=["load-balancer"])


def test_an_application_knows_whether_it_takes_websockets(app: FastAPI) -> None:
    assert not has_websockets(app.routes)
    other = FastAPI()
    app.mount("/other", other)
    assert not has_websockets(app.routes)
    other.add_api_websocket_route("/chat", chat)
    assert has_websockets(app.routes)


async def chat(socket: WebSocket) -> None:
    if "no" not in socket.query_params:
        await socket.accept()
    await socket.close()


def test_handshakes_404_and_405_are_in_the_access_log(app: FastAPI, capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging(LoggingSettings())
    app.add_api_websocket_route("/chat", chat)
    client = TestClient(app)
    with client.websocket_connect("/chat"):
        pass
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/chat?no=secret"):
        pass
    client.get("/nowhere")
    client.post("/thing")
    captured = capfd.readouterr()
    lines = [json.loads(line) for line in (captured.err + captured.out).splitlines() if "ondol.access" in line]
    assert [(line["path"], line["status"]) for line in lines] == [
        ("/chat", 101),
        ("/chat", 403),
        ("/nowhere", 404),
        ("/thing", 405),
    ]
    assert "secret" not in str(lines)


def test_refusals_say_the_id_of_their_request(tmp_path: Path) -> None:
    client = TestClient(application(tmp_path, allowed_hosts=["testserver"]))
    for headers in ({"Host": "evil.example"}, {"Content-Encoding": "gzip"}):
        answer = client.get("/thing", headers=headers)
        assert answer.status_code in (400, 415)
        assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


def test_no_handshake_is_taken_by_address(tmp_path: Path) -> None:
    client = TestClient(application(tmp_path, allowed_hosts=["testserver"]))
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        client.websocket_connect("/health/live", headers={"Host": "10.0.0.7"}),
    ):
        pass
    assert (refused.value.status_code, refused.value.json()["code"]) == (400, "invalid_host")


def test_an_error_after_half_a_plain_one_is_a_problem(tmp_path: Path) -> None:
    app = application(tmp_path)

    @app.get("/halves")
    async def halves() -> StreamingResponse:
        async def parts() -> AsyncIterator[str]:
            yield "one half"
            raise ZeroDivisionError

        return StreamingResponse(parts(), 400, media_type="text/plain", headers={"X-Request-ID": "its own"})

    answer = TestClient(app, raise_server_exceptions=False).get("/halves", headers={"Accept-Encoding": "identity"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.headers.get_list("X-Request-ID") == [answer.json()["request_id"]]


def test_a_proxy_in_front_may_take_off_a_part_of_the_path(tmp_path: Path) -> None:
    """Like uvicorn with --root-path: `root_path` is the prefix that the proxy stripped."""
    app = application(tmp_path, allowed_hosts=["shop.example"], docs=True)
    client = TestClient(app, root_path="/shop", base_url="http://shop.example")
    page = client.get("/shop/docs").text
    assert 'data-openapi-url="/shop/openapi.json"' in page
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"):
        assert f'"/shop/docs-assets/{asset}"' in page
        assert client.get(f"/shop/docs-assets/{asset}").status_code == 200
    assert client.get("/shop/openapi.json").json()["servers"] == [{"url": "/shop"}]
    assert client.get("/shop/thing").json() == "a thing"
    assert client.head("/shop/thing").status_code == 200
    assert client.get("/shop/health/live", headers={"Host": "10.0.0.7"}).status_code == 200
    assert client.get("/shop/thing", headers={"Host": "10.0.0.7"}).status_code == 400


def test_an_error_of_a_route_with_its_own_limit_keeps_its_status(tmp_path: Path) -> None:
    app = application(tmp_path, max_body_bytes=1_000)

    @app.post("/books", max_body_size=5_000)
    async def books(body: Annotated[bytes, Body()]) -> None:
        raise ZeroDivisionError

    client = TestClient(app, raise_server_exceptions=False)
    assert client.post("/books", content=b"x" * 4_900).status_code == 500
    assert client.post("/books", content=b"x" * 4_900, headers={"Content-Encoding": "gzip"}).status_code == 415
    assert client.post("/books", content=b"x" * 5_100).status_code == 413


def test_errors_may_be_plain_text(tmp_path: Path) -> None:
    def plain(problem: ProblemDetails) -> PlainTextResponse:
        return PlainTextResponse(problem.detail, problem.status, headers=dict(problem.headers))

    app = FastAPI()
    runtime = Runtime(Settings(environment="test", project_folder=tmp_path))
    install(app, runtime, errors=ErrorBodies(answer=plain))
    assert TestClient(app).get("/nowhere").text == NotFound.detail


def test_a_log_that_cannot_be_written_breaks_no_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = TestClient(application(tmp_path))
    configure_logging(LoggingSettings(format="json"))
    monkeypatch.setattr("sys.stderr", io.StringIO())  # has no binary buffer
    assert client.get("/thing").status_code == 200


def test_answers_vary_by_origin_where_pages_of_others_may_ask(tmp_path: Path) -> None:
    client = TestClient(application(tmp_path, cors_origins=["https://shop.example"]))
    for headers in ({}, {"Origin": "https://shop.example"}, {"Accept-Encoding": "identity"}):
        assert "Origin" in ", ".join(client.get("/thing", headers=headers).headers.get_list("Vary"))


@pytest.mark.parametrize("pattern", ["*example.com", "a.*.com", "**", "*."])
def test_a_host_pattern_that_would_let_in_others_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError):
        HttpSettings(allowed_hosts=[pattern])
