"""A project can choose the body of errors: every error has it, and OpenAPI documents it."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel

from examples.error_bodies import BY_FIELD, FASTAPIS
from ondol.errors import Conflict
from ondol.runtime import Runtime
from ondol.server.options import HttpSettings
from ondol.settings import Settings
from ondol.types import DecimalText
from ondol.web.app import install
from ondol.web.problems import ErrorBodies, problem_responses


class Thing(BaseModel):
    price: int
    discount: Annotated[Decimal, DecimalText(12, 2, minimum=0)] = Decimal(0)


def application(tmp_path: Path, errors: ErrorBodies) -> FastAPI:
    app = FastAPI()
    http = HttpSettings(max_body_bytes=1_000, timeout_seconds=0.2, allowed_hosts=["testserver"])
    install(app, Runtime(Settings(environment="test", project_folder=tmp_path, http=http)), errors=errors)

    @app.post("/things", responses=problem_responses(Conflict))
    async def make(thing: Thing) -> None:
        match thing.price:
            case 1:
                raise Conflict
            case 2:
                raise ZeroDivisionError
            case 3:
                await asyncio.sleep(10)

    return app


# A request, and the status of its response.
ERRORS: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "unknown path": ("GET", "/nowhere", {}, 404),
    "method": ("GET", "/things", {}, 405),
    "problem": ("POST", "/things", {"json": {"price": 1}}, 409),
    "not foreseen": ("POST", "/things", {"json": {"price": 2}}, 500),
    "timeout": ("POST", "/things", {"json": {"price": 3}}, 503),
    "validation": ("POST", "/things", {"json": {"price": "x"}}, 422),
    "limit of an amount": ("POST", "/things", {"json": {"price": 5, "discount": "-1"}}, 422),
    "body limit": ("POST", "/things", {"content": b" " * 2_000, "headers": {"Content-Type": "application/json"}}, 413),
    "coding": ("POST", "/things", {"content": b"x", "headers": {"Content-Encoding": "gzip"}}, 415),
    "host": ("GET", "/things", {"headers": {"Host": "evil.example"}}, 400),
}


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("errors", [FASTAPIS, BY_FIELD], ids=["FastAPI's", "by field"])
def test_every_error_has_the_body_that_the_project_chose(tmp_path: Path, errors: ErrorBodies, name: str) -> None:
    method, url, options, status = ERRORS[name]
    answer = TestClient(application(tmp_path, errors), raise_server_exceptions=False).request(method, url, **options)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json")
    model = errors.validation_model if status == 422 else errors.model
    model.model_validate(answer.json(), extra="forbid")
    if name == "method":
        assert answer.headers["Allow"] == "POST"
    if name == "timeout":
        assert answer.headers["Retry-After"] == "1"


def test_a_wrong_field_is_named(tmp_path: Path) -> None:
    wrong = {"price": "x"}
    [told] = TestClient(application(tmp_path, FASTAPIS)).post("/things", json=wrong).json()["detail"]
    assert (told["loc"], told["type"]) == (["body", "price"], "int_parsing")
    assert list(TestClient(application(tmp_path, BY_FIELD)).post("/things", json=wrong).json()["errors"]) == ["price"]


@pytest.mark.parametrize("errors", [FASTAPIS, BY_FIELD], ids=["FastAPI's", "by field"])
def test_the_document_describes_it(tmp_path: Path, errors: ErrorBodies) -> None:
    document = application(tmp_path, errors).openapi()
    answers = document["paths"]["/things"]["post"]["responses"]
    for status, model in (("409", errors.model), ("503", errors.model), ("422", errors.validation_model)):
        described = answers[status]["content"]["application/json"]
        assert described["schema"] == {"$ref": f"#/components/schemas/{model.__name__}"}
        for example in described["examples"].values():
            model.model_validate(example["value"], extra="forbid")
    assert not {"Problem", "ValidationProblem", "HTTPValidationError"} & document["components"]["schemas"].keys()
