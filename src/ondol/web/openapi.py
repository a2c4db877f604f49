"""Completes FastAPI's OpenAPI document with what every operation can answer."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from ondol.auth.principal import InsufficientScope
from ondol.db.constraints import DatabaseUnavailable
from ondol.errors import BadRequest, Problem, Unauthorized
from ondol.web.middleware import UnsupportedCoding
from ondol.web.problems import MEDIA_TYPE, ProblemBody, ValidationProblemBody, problem_responses


class UnreadableBody(BadRequest):
    detail = "There was an error parsing the body"


class ContentTooLarge(Problem):
    status = 413
    title = "Content Too Large"
    code = "content_too_large"
    detail = "Content Too Large"


_VALIDATION_EXAMPLE = {
    "type": "about:blank",
    "title": "Unprocessable Content",
    "status": 422,
    "detail": "1 value is not acceptable.",
    "code": "validation_failed",
    "errors": [
        {"loc": ["query", "limit"], "msg": "Input should be less than or equal to 100", "type": "less_than_equal"}
    ],
}
_METHODS = ("get", "put", "post", "delete", "patch")


def operation_id(route: APIRoute) -> str:
    """Stable and readable: `products_list` for `list` in the router tagged "products". For
    `FastAPI(generate_unique_id_function=…)`."""
    return f"{route.tags[0]}_{route.name}" if route.tags else route.name


def install_openapi(app: FastAPI) -> None:
    """Adds the schemas of problems, and to each operation those it has by nature: 401 and 403 where it is secured,
    400, 413 and 415 where it takes a body, 422 where it takes input, 503 everywhere. What a route declares itself
    stays. Parameters lose the null that stands for "not given"."""
    made_by_fastapi = app.openapi

    def openapi() -> dict[str, Any]:
        document = made_by_fastapi()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        if "Problem" not in schemas:
            _complete(document, schemas)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _complete(document: dict[str, Any], schemas: dict[str, Any]) -> None:
    for model in (ProblemBody, ValidationProblemBody):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[schema["title"]] = schema
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    for operation in _operations(document):
        for parameter in operation.get("parameters", ()):
            parameter["schema"] = _never_null(parameter["schema"])
        answers = operation["responses"]
        if "422" in answers:
            answers["422"] = {
                "description": "Validation failed",
                "content": {
                    MEDIA_TYPE: {
                        "schema": {"$ref": "#/components/schemas/ValidationProblem"},
                        "examples": {"validation_failed": {"value": _VALIDATION_EXAMPLE}},
                    }
                },
            }
        by_nature: list[type[Problem]] = [DatabaseUnavailable]
        if operation.get("security"):
            by_nature += [Unauthorized, InsufficientScope]
        if "requestBody" in operation:
            by_nature += [UnreadableBody, ContentTooLarge, UnsupportedCoding]
        for status, answer in problem_responses(*by_nature).items():
            answers.setdefault(str(status), answer)


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is there or not, but no parameter is null, whatever type its function declares."""
    variants = [variant for variant in schema.get("anyOf", ()) if variant.get("type") != "null"]
    if len(variants) != 1:
        return schema
    return {**variants[0], **{key: value for key, value in schema.items() if key != "anyOf"}}


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from (path[method] for method in _METHODS if method in path)
