from collections.abc import Mapping
from typing import Any

from factory import Factory


def product_body(known: Mapping[str, str]) -> dict[str, Any]:
    return {"name": "새 노트북", "price": "12.50", "currency": "KRW", "stock": 1_000_000}


PRODUCTS = Factory("/products", "product_id", product_body)
