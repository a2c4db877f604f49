"""Completes FastAPI's OpenAPI document with what every operation can answer."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_fields_from_routes, validation_error_definition
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from ondol.auth.caller import InsufficientScope
from ondol.db.constraints import DatabaseUnavailable
from ondol.errors import BadRequest, Problem, Unauthorized
from ondol.web.middleware import UnsupportedCoding
from ondol.web.problems import (
    MEDIA_TYPE,
    REF,
    ProblemBody,
    ValidationProblemBody,
    on_validation_error,
    problem_responses,
)


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
_VALIDATION_FAILED = {
    "description": "Validation failed",
    "content": {
        MEDIA_TYPE: {
            "schema": {"$ref": REF.format(model="ValidationProblem")},
            "examples": {"validation_failed": {"value": _VALIDATION_EXAMPLE}},
        }
    },
}
_METHODS = ("get", "put", "post", "delete", "patch")


def operation_id(route: APIRoute) -> str:
    """Stable and readable: `products_list` for `list` in the router tagged "products". For
    `FastAPI(generate_unique_id_function=…)`."""
    return f"{route.tags[0]}_{route.name}" if route.tags else route.name


def install_openapi(app: FastAPI) -> None:
    """Add the schemas of problems, and to each operation the problems it has by nature.

    These are 401 and 403 where it is secured; 400, 413 and 415 where it takes a body; 422 where it takes input; 503.

    What a route declares itself stays, and so does a model of the project that is called Problem. Parameters lose the
    null that stands for "not given".
    """
    made_by_fastapi = app.openapi
    completed: dict[str, Any] | None = None

    def openapi() -> dict[str, Any]:
        nonlocal completed
        document = made_by_fastapi()
        if document is not completed:  # FastAPI keeps its document, until somebody asks it to make another
            _complete(
                app, document, validation=app.exception_handlers.get(RequestValidationError) is on_validation_error
            )
            completed = document
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _complete(app: FastAPI, document: dict[str, Any], *, validation: bool) -> None:
    """`validation`: whether a 422 is ours; else it stays as FastAPI describes it."""
    for operation in _operations(document):
        for parameter in operation.get("parameters", ()):
            if "schema" in parameter:
                parameter["schema"] = _never_null(parameter["schema"])
        answers = operation.setdefault("responses", {})
        if validation and _is_fastapis_own(answers.get("422", {})):
            answers["422"] = deepcopy(_VALIDATION_FAILED)
        by_nature: list[type[Problem]] = [DatabaseUnavailable]
        if operation.get("security"):
            by_nature += [Unauthorized, InsufficientScope]
        if "requestBody" in operation:
            by_nature += [UnreadableBody, ContentTooLarge, UnsupportedCoding]
        for status, answer in problem_responses(*by_nature).items():
            answers.setdefault(str(status), answer)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    if validation:
        _drop_fastapis_own(app, document, schemas)
    _add_schemas(document, schemas)


def _drop_fastapis_own(app: FastAPI, document: dict[str, Any], schemas: dict[str, Any]) -> None:
    if "/HTTPValidationError" in json.dumps(document["paths"]):
        return  # a route declares it
    schemas.pop("HTTPValidationError", None)
    if schemas.get("ValidationError") == validation_error_definition:
        del schemas["ValidationError"]
        # FastAPI puts its own schema over a model of this name.
        if own := _model_schema(app, "ValidationError"):
            schemas["ValidationError"] = own


def _model_schema(app: FastAPI, name: str) -> dict[str, Any] | None:
    """Return the schema of a model that routes take or give."""
    for field in get_fields_from_routes(app.routes):
        annotation: Any = field.field_info.annotation
        adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        schema = adapter.json_schema(mode=field.mode, ref_template="#/components/schemas/{model}")
        definitions = schema.pop("$defs", {}) | {schema.get("title"): schema}
        if name in definitions:
            return dict(definitions[name])
    return None


def _is_fastapis_own(answer: dict[str, Any]) -> bool:
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    return bool(schema.get("$ref") == "#/components/schemas/HTTPValidationError")


def _add_schemas(document: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Under their names where these are free. Until now all refer to them by names that no model can have."""
    ours: dict[str, Any] = {}
    for model in (ProblemBody, ValidationProblemBody):
        schema = model.model_json_schema(ref_template=REF)
        ours |= schema.pop("$defs", {}) | {schema["title"]: schema}
    names = {name: name if name not in schemas else f"Ondol{name}" for name in ours}
    schemas |= {names[name]: schema for name, schema in ours.items()}
    refs = {REF.format(model=name): f"#/components/schemas/{new}" for name, new in names.items()}
    _rename(document, refs)


def _rename(value: Any, refs: Mapping[str, str]) -> None:
    if isinstance(value, dict):
        if isinstance(ref := value.get("$ref"), str):
            value["$ref"] = refs.get(ref, ref)
        for part in value.values():
            _rename(part, refs)
    elif isinstance(value, list):
        for part in value:
            _rename(part, refs)


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is there or not, but no parameter is null, whatever type its function declares."""
    variants = [variant for variant in schema.get("anyOf", ()) if variant.get("type") != "null"]
    if len(variants) != 1:
        return schema
    return {**variants[0], **{key: value for key, value in schema.items() if key != "anyOf"}}


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from (path[method] for method in _METHODS if method in path)
