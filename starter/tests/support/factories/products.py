from collections.abc import Mapping
from itertools import count
from typing import Any

from ondol.testing.factory import Factory

_numbers = count(1)


def product_body(known: Mapping[str, str]) -> dict[str, Any]:
    number = next(_numbers)
    return {
        "name": f"새 노트북 {number}",
        "price": f"12.{number % 100:02}",
        "currency": "USD",
        "stock": 1_000_000 - number,
    }


PRODUCTS = Factory("/products", "product_id", product_body)
