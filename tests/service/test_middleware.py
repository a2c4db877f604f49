import gzip
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from app.factory import create_app
from app.runtime import Runtime
from app.settings import AppSettings
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

ANYTHING = "/openapi.json"


def lines_of(captured: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in captured.splitlines() if line.startswith("{")]


@pytest.fixture
def hardened(settings: AppSettings) -> Iterator[TestClient]:
    """Yield a client of an app with limits that a test can reach."""
    http = {
        "allowed_hosts": ["testserver"],
        "cors_origins": ["https://shop.example"],
        "max_body_bytes": 1_000,
        "timeout_seconds": 0.3,
    }
    app = create_app(settings.model_copy(update={"http": type(settings.http)(**http)}))
    add_slow_routes(app)
    with TestClient(app) as client:
        yield client


def add_slow_routes(app: FastAPI) -> None:
    runtime: Runtime = app.state.runtime

    @app.get("/slow", name="slow")
    async def slow() -> None:
        async with runtime.database.reading() as session:
            await session.execute(text("SELECT pg_sleep(30)"))

    @app.get("/broken", name="broken")
    async def broken() -> None:
        raise RuntimeError("the password is hunter2")


def test_a_request_id_is_taken_if_well_formed_and_made_otherwise(client: TestClient) -> None:
    for given in ("0123456789abcdef", "trace-1.2_3"):
        answer = client.get("/api/v1/nowhere", headers={"X-Request-ID": given})
        assert answer.headers["X-Request-ID"] == answer.json()["request_id"] == given
    for given in ("", "short", "x" * 129, "has space in it", "new\tline-in-it"):
        answer = client.get("/api/v1/nowhere", headers={"X-Request-ID": given})
        assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])


def test_every_line_of_a_request_carries_its_id(capfd: pytest.CaptureFixture[str], client: TestClient) -> None:
    client.post(
        "/api/v1/auth/token", data={"username": "x", "password": "secret-word"}, headers={"X-Request-ID": "abcdefgh"}
    )
    captured = capfd.readouterr().err
    lines = lines_of(captured)
    refused = next(line for line in lines if line["event"] == "login_refused")
    access = next(line for line in lines if line["logger"] == "ondol.access")
    assert refused["request_id"] == access["request_id"] == "abcdefgh"
    assert (access["method"], access["path"], access["status"]) == ("POST", "/api/v1/auth/token", 401)
    assert access["duration_ms"] > 0
    assert "secret-word" not in captured


def test_answers_carry_security_headers(client: TestClient) -> None:
    for path in (ANYTHING, "/api/v1/nowhere", "/health/live"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_body_is_a_413_problem(hardened: TestClient, chunked: bool) -> None:
    body = json.dumps({"email": "a@example.com", "password": "x" * 2_000, "full_name": "n"}).encode()
    content = (part for part in (body[:500], body[500:])) if chunked else body
    answer = hardened.post(
        "/api/v1/auth/register/confirm", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "content_too_large"
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"]


def test_a_slow_request_is_cut_and_leaves_the_pool_clean(hardened: TestClient) -> None:
    answer = hardened.get("/slow")
    assert (answer.status_code, answer.json()["code"]) == (503, "timed_out")
    assert answer.headers["Retry-After"] == "1"
    assert hardened.get("/health/ready").status_code == 200


def test_what_nobody_foresaw_is_a_500_with_an_id_and_no_trace(
    capfd: pytest.CaptureFixture[str], hardened: TestClient
) -> None:
    answer = hardened.get("/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
    logged = next(line for line in lines_of(capfd.readouterr().err) if line["event"] == "unhandled_error")
    assert logged["request_id"] == answer.json()["request_id"] == answer.headers["X-Request-ID"]
    assert "hunter2" in logged["exception"]


def test_only_listed_origins_may_call(hardened: TestClient) -> None:
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "Authorization"}
    allowed = hardened.options(ANYTHING, headers={"Origin": "https://shop.example", **asks})
    assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (200, "https://shop.example")
    refused = hardened.options(ANYTHING, headers={"Origin": "https://evil.example", **asks})
    assert refused.status_code == 400
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert refused.headers["Content-Type"] == "application/problem+json"
    plain = hardened.get(ANYTHING, headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in plain.headers


def test_by_default_no_origin_may_call(client: TestClient) -> None:
    answer = client.get(ANYTHING, headers={"Origin": "https://shop.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_only_trusted_hosts_are_answered(hardened: TestClient) -> None:
    answer = hardened.get(ANYTHING, headers={"Host": "evil.example"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert hardened.get(ANYTHING).status_code == 200


def test_long_answers_are_compressed(client: TestClient) -> None:
    with client.stream("GET", "/openapi.json", headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(raw) * 3 < len(gzip.decompress(raw))
    assert "Content-Encoding" not in client.get("/health/live").headers
