"""The OpenAPI document says what operations take and answer."""

import json
from typing import Any

from fastapi import FastAPI


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {op["operationId"]: op for item in document["paths"].values() for op in item.values()}


def test_every_operation_says_what_it_can_answer(app: FastAPI) -> None:
    document = app.openapi()
    for name, operation in operations(document).items():
        assert operation["tags"], name
        assert operation["summary"], name
        assert operation.get("description"), f"{name}: its function has no docstring"
        assert "503" in operation["responses"], name
        if operation.get("security"):
            assert {"401", "403"} <= set(operation["responses"]), name
        for status, answer in operation["responses"].items():
            if status[0] == "4":
                assert set(answer["content"]) == {"application/problem+json"}, (name, status)


def test_every_reference_leads_somewhere(app: FastAPI) -> None:
    document = app.openapi()
    text = json.dumps(document)
    for part in text.split('"$ref": "#/components/schemas/')[1:]:
        assert part.partition('"')[0] in document["components"]["schemas"]
    assert "HTTPValidationError" not in text
