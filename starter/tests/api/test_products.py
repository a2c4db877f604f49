import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

Product = dict[str, Any]


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


def test_a_product_is_created_read_changed_and_deleted(client: TestClient, admin: Any) -> None:
    body = {"name": "새 노트북", "price": "12.5", "currency": "USD", "stock": 3}
    created = client.post("/api/v1/products", json=body, headers=admin.headers)
    assert created.status_code == 201
    product = created.json()
    assert set(product) == {
        *("id", "name", "description", "price", "currency", "stock", "version", "created_at", "updated_at")
    }
    assert product["price"] == "12.50"
    url = created.headers["Location"]
    assert client.get(url).json() == product

    changed = client.patch(url, json={"stock": 0}, headers=admin.headers)
    assert (changed.status_code, changed.json()["stock"], changed.json()["version"]) == (200, 0, 2)
    assert client.get(url).json() == changed.json()

    assert client.delete(url, headers=admin.headers).status_code == 204
    missing = client.get(url)
    assert (missing.status_code, missing.json()["code"]) == (404, "product_not_found")


def test_search_finds_a_word_within_korean_text(client: TestClient, new_product: Callable[..., Product]) -> None:
    new_product(name="상품 1", description="새 노트북을 샀다")
    new_product(name="100%_순면 이불", description="")
    assert names(client.get("/api/v1/products", params={"q": "노트북"})) == ["상품 1"]
    assert names(client.get("/api/v1/products", params={"q": "%_순"})) == ["100%_순면 이불"]
    assert names(client.get("/api/v1/products", params={"q": "%"})) == ["100%_순면 이불"]
    assert names(client.get("/api/v1/products", params={"q": "없는 말"})) == []


def test_half_typed_and_decomposed_hangul_is_found(client: TestClient, new_product: Callable[..., Product]) -> None:
    new_product(name=unicodedata.normalize("NFD", "노트북 가방"))
    for half in ("노트부", "노트ㅂ"):
        assert names(client.get("/api/v1/products", params={"q": half})) == ["노트북 가방"]
    assert names(client.get("/api/v1/products", params={"q": unicodedata.normalize("NFD", "가방")})) == ["노트북 가방"]


def test_won_has_no_decimal_places(client: TestClient, admin: Any, new_product: Callable[..., Product]) -> None:
    product = new_product(price="15000.00", currency="KRW")
    assert product["price"] == "15000"
    url = f"/api/v1/products/{product['id']}"
    assert client.get(url).json()["price"] == "15000"
    answer = client.patch(url, json={"price": "15000.50"}, headers=admin.headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_amount")


def test_filters(client: TestClient, new_product: Callable[..., Product]) -> None:
    new_product(name="cheap", price="1.00", stock=0)
    new_product(name="middle", price="5.00")
    new_product(name="dear", price="9.99")
    by = lambda **params: names(client.get("/api/v1/products", params={"sort": "price", **params}))  # noqa: E731
    assert by(min_price="5") == ["middle", "dear"]
    assert by(max_price="5.00") == ["cheap", "middle"]
    assert by(in_stock="false") == ["cheap"]
    assert by(in_stock="true", max_price="9") == ["middle"]


def test_a_cursor_is_good_for_its_own_search_only(client: TestClient, new_product: Callable[..., Product]) -> None:
    new_product(), new_product()
    cursor = client.get("/api/v1/products", params={"limit": 1}).json()["next_cursor"]
    answer = client.get("/api/v1/products", params={"cursor": cursor, "q": "x"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize(
    ("body", "loc", "kind"),
    [
        ({"name": ""}, ["body", "name"], "string_too_short"),
        ({"name": "x" * 201}, ["body", "name"], "string_too_long"),
        ({"price": "-1"}, ["body", "price"], "greater_than_equal"),
        ({"price": "1.001"}, ["body", "price"], "decimal_max_places"),
        ({"price": "NaN"}, ["body", "price"], "finite_number"),
        ({"price": None}, ["body", "price"], "decimal_type"),
        ({"price": 12.5}, ["body", "price"], "decimal_text"),
        ({"price": "1e2"}, ["body", "price"], "decimal_text"),
        ({"price": "-0"}, ["body", "price"], "decimal_text"),
        ({"price": "１２"}, ["body", "price"], "decimal_text"),
        ({"price": "15000.50", "currency": "KRW"}, ["body", "price"], "currency_places"),
        ({"price": "1.25", "currency": "KWD"}, ["body", "currency"], "currency_not_stored"),
        ({"currency": "won"}, ["body", "currency"], "string_pattern_mismatch"),
        ({"stock": 1.5}, ["body", "stock"], "int_from_float"),
        ({"stock": 10**7}, ["body", "stock"], "less_than_equal"),
        ({"stok": 1}, ["body", "stok"], "extra_forbidden"),
        ({"id": "x"}, ["body", "id"], "extra_forbidden"),
    ],
)
def test_a_wrong_body_is_told_field_by_field(
    client: TestClient, admin: Any, body: dict[str, Any], loc: list[str], kind: str
) -> None:
    valid = {"name": "n", "price": "1.00", "currency": "USD"}
    answer = client.post("/api/v1/products", json={**valid, **body}, headers=admin.headers)
    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [(error["loc"], error["type"]) for error in problem["errors"]] == [(loc, kind)]
    assert problem["errors"][0]["msg"]
    assert "input" not in problem["errors"][0]


def test_wrong_path_query_and_header_parameters_are_told(client: TestClient, admin: Any) -> None:
    answer = client.get("/api/v1/products/not-a-uuid")
    assert answer.json()["errors"][0]["loc"] == ["path", "product_id"]
    answer = client.get("/api/v1/products", params={"limit": 101, "sort": "stock", "colour": "red"})
    assert [error["loc"] for error in answer.json()["errors"]] == [
        ["query", "limit"],
        ["query", "sort"],
        ["query", "colour"],
    ]
    product = "/api/v1/products/01900000-0000-7000-8000-000000000001"
    answer = client.patch(product, json={}, headers={**admin.headers, "If-Match": "x" * 1_001})
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["header", "If-Match"])
    answer = client.patch(product, json={}, headers={**admin.headers, "If-Match": "nonsense"})
    assert answer.status_code == 400


def test_if_match_refuses_to_change_what_changed_meanwhile(
    client: TestClient, admin: Any, new_product: Callable[..., Product]
) -> None:
    url = f"/api/v1/products/{new_product()['id']}"
    etag = client.get(url).headers["ETag"]
    first = client.patch(url, json={"stock": 1}, headers={**admin.headers, "If-Match": etag})
    assert first.status_code == 200
    second = client.patch(url, json={"stock": 2}, headers={**admin.headers, "If-Match": etag})
    assert (second.status_code, second.json()["code"]) == (412, "precondition_failed")
    assert client.get(url).json()["stock"] == 1
    third = client.patch(url, json={"stock": 2}, headers={**admin.headers, "If-Match": first.headers["ETag"]})
    assert third.status_code == 200


def test_of_a_name_that_stands_twice_the_last_counts(client: TestClient, admin: Any) -> None:
    """RFC 8259, section 4, does not define which value counts; the service must be consistent and not fail."""
    body = b'{"name": "n", "price": "1", "price": "2"}'
    headers = {**admin.headers, "Content-Type": "application/json"}
    answer = client.post("/api/v1/products", content=body, headers=headers)
    assert (answer.status_code, answer.json()["price"]) == (201, "2")


def test_a_product_that_was_ordered_stays(
    client: TestClient, admin: Any, customer: Any, new_product: Callable[..., Product]
) -> None:
    product = new_product()
    body = {"lines": [{"product_id": product["id"], "quantity": 1}]}
    assert client.post("/api/v1/orders", json=body, headers=customer.headers).status_code == 201
    answer = client.delete(f"/api/v1/products/{product['id']}", headers=admin.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "still_referenced")
    assert "order_lines" not in answer.text
