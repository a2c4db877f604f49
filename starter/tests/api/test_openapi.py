import json
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.scopes import Scope


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {op["operationId"]: op for item in document["paths"].values() for op in item.values()}


def test_operation_ids_are_stable(app: FastAPI) -> None:
    assert set(operations(app.openapi())) >= {
        *("health_live", "health_ready"),
        *("auth_token", "auth_refresh", "auth_revoke", "auth_logout"),
        *("auth_register", "auth_confirm_registration"),  # registration
        *("auth_ask_password_reset", "auth_reset_password"),  # password_reset
        *("auth_ask_email_change", "auth_change_email"),  # email_change
        *("sessions_list", "sessions_end", "sessions_end_others"),
        "audit_list",  # audit
        *("users_me", "users_update_me", "users_change_password", "users_list", "users_get", "users_update"),
        *("products_list", "products_create", "products_get", "products_update", "products_delete"),  # sample
        *("orders_create", "orders_list", "orders_get", "orders_cancel"),  # sample
        "dashboard_get",  # sample
    }


def test_the_answers_of_an_operation_have_examples(app: FastAPI) -> None:
    change = operations(app.openapi())["users_change_password"]
    refused = change["responses"]["409"]["content"]["application/problem+json"]
    assert set(refused["examples"]) == {"wrong_password"}


def test_scopes_and_the_password_flow_are_shown(app: FastAPI) -> None:
    document = app.openapi()
    [(name, scheme)] = document["components"]["securitySchemes"].items()
    assert scheme["flows"]["password"]["tokenUrl"] == "api/v1/auth/token"
    assert set(scheme["flows"]["password"]["scopes"]) == set(Scope)
    assert operations(document)["users_list"]["security"] == [{name: ["users:read"]}]
    assert "security" not in operations(document)["auth_token"]


def test_schemas_have_examples_and_limits(app: FastAPI) -> None:
    schemas = app.openapi()["components"]["schemas"]
    name = schemas["UserUpdate"]["properties"]["full_name"]
    assert (name["maxLength"], name["minLength"], name["examples"]) == (100, 1, ["김지우"])
    assert schemas["UserUpdate"]["additionalProperties"] is False
    assert "hashed_password" not in json.dumps(schemas)


def test_the_document_and_its_pages_are_served_from_here(app: FastAPI, client: TestClient) -> None:
    assert client.get("/openapi.json").json() == json.loads(json.dumps(app.openapi()))
    page = client.get("/docs")
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    script = "/docs-assets/swagger-ui-bundle.js"
    assert script in page.text
    asset = client.get(script)
    assert asset.status_code == 200
    assert len(asset.content) > 100_000
    assert client.get("/redoc").status_code == 404  # FastAPI's own would load from a CDN
