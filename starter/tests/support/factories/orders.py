from collections.abc import Mapping
from itertools import count
from typing import Any

from ondol.testing.factory import Factory

from factories.products import PRODUCTS

_numbers = count(1)


def order_body(known: Mapping[str, str]) -> dict[str, Any]:
    return {"lines": [{"product_id": known["product_id"], "quantity": next(_numbers) % 1_000 + 1}]}


ORDERS = Factory("/orders", "order_id", order_body, is_owned=True, needs=(PRODUCTS,))
