"""A project may write camelCase (docs/en/how-to/camel-case.md)."""

from typing import Any
from uuid import UUID

import pytest
from fastapi import Response
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from ondol.testing.contract import PASSWORD
from ondol.testing.contract.operations import Document
from ondol.web.conditional import with_etag


class Snake(BaseModel):
    id: UUID = UUID(int=1)
    version: int = 1
    hourly_price: int = 1


class Camel(Snake):
    model_config = ConfigDict(alias_generator=to_camel)


@pytest.mark.parametrize(
    ("name", "expected"), [("product_id", "1"), ("productId", "1"), ("newPassword", PASSWORD), ("name", "x")]
)
def test_a_sample_has_the_known_value_in_either_spelling(name: str, expected: str) -> None:
    document: dict[str, Any] = {"paths": {}, "components": {"schemas": {}}}
    assert Document(document).sample({"type": "string"}, name, {"product_id": "1"}) == expected


def test_the_spelling_of_fields_changes_the_etag() -> None:
    tags = set()
    for resource in (Snake(), Camel()):
        with_etag(response := Response(), resource)
        tags.add(response.headers["ETag"])
    assert len(tags) == 2
