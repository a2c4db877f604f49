"""Orders that are sent again with the same Idempotency-Key."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from app.access import current_user
from app.models import Product
from fastapi import APIRouter, FastAPI, Form, Security
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.testclient import TestClient
from people import people
from sqlalchemy import text

from ondol.db.session import SyncDatabase
from ondol.upkeep import delete_expired
from ondol.web.idempotency import IdempotentRoute, idempotency_key

URL = "/api/v1/orders"


@pytest.fixture
def place(client: TestClient, database: SyncDatabase) -> Callable[..., Any]:
    """Return a function that orders `quantity` units as one of two customers."""
    customers = people(database, 2)
    with database.transaction() as session:
        product = Product(name="n", price=1, currency="KRW", stock=100)
        session.add(product)

    def place(key: str | bytes = "one", quantity: int = 1, customer: int = 0) -> Any:
        body = {"lines": [{"product_id": str(product.id), "quantity": quantity}]}
        headers: dict[str, Any] = {**customers[customer], "Idempotency-Key": key}
        return client.post(URL, json=body, headers=headers)

    return place


def stock(database: SyncDatabase) -> int:
    with database.transaction() as session:
        return int(session.scalar(text("SELECT stock FROM products")) or 0)


def test_the_first_answer_comes_again(place: Callable[..., Any], database: SyncDatabase) -> None:
    first, again, other = place(), place(), place("two")
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 201)
    assert again.content == first.content != other.content
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["X-Request-ID"] != first.headers["X-Request-ID"]
    assert stock(database) == 98
    assert place('"one"').content == first.content  # quoted, as in the draft


def test_a_key_is_of_one_request_and_of_one_caller(place: Callable[..., Any], database: SyncDatabase) -> None:
    first = place()
    refused = place(quantity=2)
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert place(customer=1).json()["id"] != first.json()["id"]
    assert stock(database) == 98


@pytest.mark.parametrize("key", ["", " ", "k" * 256, "a b", "한", '"'])
def test_what_is_no_key_is_refused(place: Callable[..., Any], database: SyncDatabase, key: str) -> None:
    answer = place(key.encode())
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")
    assert stock(database) == 100


def test_a_problem_is_not_kept(place: Callable[..., Any], database: SyncDatabase) -> None:
    assert place(quantity=101).status_code == 409
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM idempotency_keys")) == 0
        session.execute(text("UPDATE products SET stock = 101"))
    assert place(quantity=101).status_code == 201


def test_fifty_twins_have_one_effect(place: Callable[..., Any], database: SyncDatabase) -> None:
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: place(), range(50)))
    assert Counter(answer.status_code for answer in answers) == {201: 50}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 49
    assert stock(database) == 99


def a_day_later(database: SyncDatabase) -> None:
    with database.transaction() as session:
        session.execute(text("UPDATE idempotency_keys SET created_at = created_at - interval '25 hours'"))


def test_after_a_day_a_key_is_new(place: Callable[..., Any], database: SyncDatabase) -> None:
    first = place()
    a_day_later(database)
    second = place(quantity=2)
    assert (second.status_code, second.json()["id"] != first.json()["id"]) == (201, True)
    assert place(quantity=2).content == second.content


def test_old_keys_and_failed_jobs_are_deleted_at_night(
    place: Callable[..., Any], database: SyncDatabase, app: FastAPI, client: TestClient
) -> None:
    place("old")
    a_day_later(database)
    place("new")
    with database.transaction() as session:
        session.execute(text("UPDATE procrastinate_jobs SET status = 'failed'"))
        first = session.scalar(text("SELECT min(id) FROM procrastinate_jobs"))
        session.execute(
            text("UPDATE procrastinate_events SET at = now() - interval '31 days' WHERE job_id = :first"),
            {"first": first},
        )
    context: Any = SimpleNamespace(additional_context={"runtime": app.state.runtime})
    client.portal.call(delete_expired.func, context)  # type: ignore[union-attr]
    with database.transaction() as session:
        assert session.scalars(text("SELECT key FROM idempotency_keys")).all() == ["new"]
        assert first not in session.scalars(text("SELECT id FROM procrastinate_jobs")).all()
        assert session.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 1


@pytest.fixture
def added(app: FastAPI) -> FastAPI:
    """Add operations to the app, as a project would."""
    anybody = Security(current_user)
    strict = APIRouter(route_class=IdempotentRoute, prefix="/added")

    @strict.post("/required", dependencies=[idempotency_key(anybody, required=True)])
    async def required() -> str:
        return token_hex(8)

    @strict.post("/late", dependencies=[idempotency_key(anybody)])
    async def late() -> JSONResponse:
        return JSONResponse(token_hex(8), status_code=409)

    @strict.post("/form", dependencies=[idempotency_key(anybody)])
    async def form(text: Annotated[str, Form()]) -> str:
        return text

    @strict.post("/stream", dependencies=[idempotency_key(anybody)])
    async def stream() -> StreamingResponse:
        return StreamingResponse(iter([b"x"]))

    @strict.post("/paths/{path:path}", dependencies=[idempotency_key(anybody)])
    async def paths(path: str) -> str:
        return token_hex(8)

    app.include_router(strict)

    @app.post("/added/plain", dependencies=[idempotency_key(anybody)])
    async def plain() -> str:
        return "x"

    return app


def test_an_operation_may_require_a_key(added: FastAPI, client: TestClient, database: SyncDatabase) -> None:
    [headers] = people(database, 1)
    refused = client.post("/added/required", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "idempotency_key_missing")
    keyed = {**headers, "Idempotency-Key": "one"}
    assert client.post("/added/required", headers=keyed).text == client.post("/added/required", headers=keyed).text
    assert client.post("/added/required", headers={"Idempotency-Key": "one"}).status_code == 401
    two = [("Idempotency-Key", "one"), ("Idempotency-Key", "two"), *headers.items()]
    assert client.post("/added/required", headers=two).json()["code"] == "invalid_idempotency_key"
    # Only successful responses are stored.
    late = {**headers, "Idempotency-Key": "late"}
    assert client.post("/added/late", headers=late).text != client.post("/added/late", headers=late).text


def test_any_path_and_query_will_do(added: FastAPI, client: TestClient, database: SyncDatabase) -> None:
    [headers] = people(database, 1)
    for number, target in enumerate(("a%00b", "a?b=%00", "a?b=%ff", "%ED%95%9C?b=한", "a%2Fb")):
        keyed = {**headers, "Idempotency-Key": str(number)}
        first = client.post(f"/added/paths/{target}", headers=keyed)
        assert (first.status_code, client.post(f"/added/paths/{target}", headers=keyed).text) == (200, first.text)
        other = client.post(f"/added/paths/other-{target}", headers=keyed)
        assert other.json()["code"] == "idempotency_key_reused"


@pytest.mark.parametrize(
    ("path", "said"), [("plain", "IdempotentRoute"), ("form", "form"), ("stream", "stream their response")]
)
def test_what_cannot_be_idempotent_says_so(
    added: FastAPI, client: TestClient, database: SyncDatabase, caplog: pytest.LogCaptureFixture, path: str, said: str
) -> None:
    [headers] = people(database, 1)
    data = {"text": "x"} if path == "form" else None
    assert client.post(f"/added/{path}", headers={**headers, "Idempotency-Key": "one"}, data=data).status_code == 500
    assert said in caplog.text
