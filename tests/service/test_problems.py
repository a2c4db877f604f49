from typing import Any

import pytest
from app.settings import AppSettings
from fastapi.testclient import TestClient

from ondol.settings.report import effective


@pytest.mark.parametrize(
    ("method", "path", "request_", "status", "code"),
    [
        ("GET", "/api/v1/nowhere", {}, 404, "not_found"),
        ("PUT", "/api/v1/users", {}, 405, "method_not_allowed"),
        ("GET", "/api/v1/users/me", {}, 401, "unauthorized"),
        ("POST", "/api/v1/auth/register", {"content": b"{"}, 422, "validation_failed"),
        ("POST", "/api/v1/auth/register", {"content": b'{"\xff": 1}'}, 400, "bad_request"),
        ("POST", "/api/v1/auth/register", {"json": []}, 422, "validation_failed"),
        ("POST", "/api/v1/auth/token", {"data": {}}, 422, "validation_failed"),
    ],
)
def test_every_error_is_a_problem(
    client: TestClient, method: str, path: str, request_: dict[str, Any], status: int, code: str
) -> None:
    headers = {"Content-Type": "application/json"} if "content" in request_ else {}
    answer = client.request(method, path, headers=headers, **request_)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "code", "request_id"} <= set(problem)
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    if status == 405:
        assert answer.headers["Allow"]


def test_health_of_a_service_whose_servers_answer(client: TestClient) -> None:
    assert client.get("/health/live").json() == {"status": "ok"}
    assert client.get("/health/ready").json() == {"status": "ok", "postgresql": "up", "valkey": "up"}


def test_settings_mask_secrets_and_name_their_source(settings: AppSettings) -> None:
    found = {setting.name: setting for setting in effective(settings)}
    assert found["DATABASE_URL"].value == found["AUTH__SECRET_KEY"].value == "********"
    assert found["WEB_CONCURRENCY"].value == "2"
