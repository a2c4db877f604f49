"""A project that writes camelCase passes the contract: its tests find the fields of accounts in either spelling."""

from typing import Any

import pytest

from ondol.testing.contract import PASSWORD
from ondol.testing.contract.operations import Document


@pytest.mark.parametrize(
    ("name", "expected"), [("product_id", "1"), ("productId", "1"), ("newPassword", PASSWORD), ("name", "x")]
)
def test_a_sample_has_the_known_value_in_either_spelling(name: str, expected: str) -> None:
    document: dict[str, Any] = {"paths": {}, "components": {"schemas": {}}}
    assert Document(document).sample({"type": "string"}, name, {"product_id": "1"}) == expected
