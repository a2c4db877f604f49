from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient


def test_the_dashboard_sums_up_and_is_dropped_when_an_order_commits(
    client: TestClient, admin: Any, customer: Any, new_product: Callable[..., dict[str, Any]]
) -> None:
    read = lambda: client.get("/api/v1/dashboard", headers=admin.headers).json()  # noqa: E731
    product = new_product(price="10.00", stock=12)
    before = read()
    assert (before["revenue"], before["best_sellers"], before["low_stock"]) == ([], [], [])
    assert before["new_customers"] == 1
    assert read()["as_of"] == before["as_of"]  # from the cache

    body = {"lines": [{"product_id": product["id"], "quantity": 5}]}
    order = client.post("/api/v1/orders", json=body, headers=customer.headers).json()
    after = read()
    assert [(day["revenue"], day["orders"], day["currency"]) for day in after["revenue"]] == [("50.00", 1, "USD")]
    assert after["best_sellers"] == [{"product_id": product["id"], "name": product["name"], "sold": 5}]
    assert after["low_stock"] == [{"product_id": product["id"], "name": product["name"], "stock": 7}]

    client.post(f"/api/v1/orders/{order['id']}/cancel", headers=customer.headers)
    assert (read()["revenue"], read()["best_sellers"]) == ([], [])


def test_the_dashboard_is_for_administrators(client: TestClient, customer: Any) -> None:
    assert client.get("/api/v1/dashboard").status_code == 401
    assert client.get("/api/v1/dashboard", headers=customer.headers).status_code == 403
