from collections.abc import Mapping
from typing import Any

from factories.products import PRODUCTS
from factory import Factory


def order_body(known: Mapping[str, str]) -> dict[str, Any]:
    return {"lines": [{"product_id": known["product_id"], "quantity": 1}]}


ORDERS = Factory("/orders", "order_id", order_body, is_owned=True, needs=(PRODUCTS,))
