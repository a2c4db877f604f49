"""FastAPI's OpenAPI document, completed with the problems of every operation."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_fields_from_routes, validation_error_definition
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic import TypeAdapter

from ondol.auth.caller import InsufficientScope
from ondol.db.constraints import DatabaseUnavailable
from ondol.errors import BadRequest, Problem, Unauthorized
from ondol.web.front import UnsupportedCoding
from ondol.web.problems import (
    MEDIA_TYPE,
    REF,
    ErrorBodies,
    ProblemDetails,
    bodies_of,
    problem_responses,
)


class ContentTooLarge(Problem):
    status = 413
    title = "Content Too Large"
    code = "content_too_large"
    detail = "Content Too Large"


_VALIDATION_EXAMPLE = {
    "status": 422,
    "detail": "1 field failed validation.",
    "code": "validation_failed",
    "errors": [
        {
            "loc": ["query", "limit"],
            "msg": "Input should be less than or equal to 100",
            "type": "less_than_equal",
            "ctx": {"le": 100},
        }
    ],
}
_HEADERS = {
    "ETag": {"description": "The version, for If-Match and If-None-Match (RFC 9110).", "schema": {"type": "string"}},
    "Location": {"description": "The URL of the new resource.", "schema": {"type": "string"}},
}
_NAMED = ("type", "title", "status", "code", "detail")
_METHODS = ("get", "put", "post", "delete", "patch")


def operation_id(route: APIRoute) -> str:
    """Return a stable operation id: `products_list` for `list` in the router tagged "products". For
    `FastAPI(generate_unique_id_function=…)`."""
    return f"{route.tags[0]}_{route.name}" if route.tags else route.name


def install_openapi(app: FastAPI) -> None:
    """Add the schemas of problems, and to each operation the problems that it can always return.

    These are 401 and 403 if it is secured; 400, 413 and 415 if it takes a body; 422 if it takes input; and 503.

    Responses that a route declares stay, and so does a model of the project named Problem. Parameters lose the null
    that means "not given".
    """
    made_by_fastapi = app.openapi
    completed: dict[str, Any] | None = None

    def openapi() -> dict[str, Any]:
        nonlocal completed
        document = made_by_fastapi()
        if document is not completed:  # FastAPI stores its document until `app.openapi_schema` is reset
            _complete(app, document)
            completed = document
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _complete(app: FastAPI, document: dict[str, Any]) -> None:
    # If the project has its own handler for 422, FastAPI's description stays.
    bodies, validation = bodies_of(app, Problem) or ErrorBodies(), bodies_of(app, RequestValidationError)
    for route in iter_route_contexts(app.routes):
        _summarise(document["paths"].get(route.path_format, {}), route)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for operation in _operations(document):
        _complete_operation(operation, schemas, bodies, validation)
    _mark_files(schemas)
    _name_sorts(schemas)
    _name_pages(document, schemas)
    if validation:
        _drop_fastapis_own(app, document, schemas)
    _add_schemas(document, schemas, bodies)


def _complete_operation(
    operation: dict[str, Any], schemas: Mapping[str, Any], bodies: ErrorBodies, validation: ErrorBodies | None
) -> None:
    for parameter in operation.get("parameters", ()):
        if "schema" in parameter:
            parameter["schema"] = _never_null(parameter["schema"])
    answers = operation.setdefault("responses", {})
    by_nature: list[type[Problem]] = [DatabaseUnavailable]
    if operation.get("security"):
        by_nature += [Unauthorized, InsufficientScope]
    if "requestBody" in operation:
        by_nature += [BadRequest, ContentTooLarge, UnsupportedCoding]
    for status, answer in problem_responses(*by_nature).items():
        answers.setdefault(str(status), answer)
    for answer in answers.values():
        if answer.get("content", {}).get(MEDIA_TYPE, {}).get("schema") == {"$ref": REF.format(model="Problem")}:
            examples = answer["content"].pop(MEDIA_TYPE)["examples"].values()
            answer["content"] |= _content(bodies, "Problem", *(example["value"] for example in examples))
    if validation and _is_fastapis_own(answers.get("422", {})):
        content = _content(validation, "ValidationProblem", _VALIDATION_EXAMPLE)
        answers["422"] = {"description": "Validation failed", "content": content}
    for status, answer in answers.items():
        if status.startswith("2"):
            _add_headers(status, answer, schemas)
            _mark_download(answer)


def _summarise(operations: dict[str, Any], route: RouteContext) -> None:
    """Set the summary to verb and noun, the words of the function's name, unless the route has a summary."""
    original = route.original_route
    if isinstance(original, APIRoute) and original.summary is None:
        for method in {method.lower() for method in route.methods or ()} & set(operations):
            name = getattr(original.endpoint, "__name__", original.name)  # an instance has none
            operations[method]["summary"] = name.replace("_", " ").capitalize()


def _add_headers(status: str, answer: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    """Document ETag for a resource with a version, and Location for a new one. Contract tests check both."""
    ref = answer.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
    fields = schemas.get(ref.rpartition("/")[2], {}).get("properties", {})
    if "id" in fields and fields.get("version", {}).get("type") == "integer":
        names = ("ETag", "Location") if status == "201" else ("ETag",)
        answer["headers"] = {name: {**_HEADERS[name], "required": True} for name in names} | answer.get("headers", {})


def _mark_files(schemas: Mapping[str, Any]) -> None:
    """Say `format: binary` too where a field is a file: generators of clients know it better than contentMediaType."""
    for schema in schemas.values():
        for field in schema.get("properties", {}).values():
            if field.get("contentMediaType") == "application/octet-stream":
                field["format"] = "binary"


def _mark_download(answer: Mapping[str, Any]) -> None:
    """Give a type of content that has no schema the schema of a file: without one, generated clients return nothing."""
    for media_type, content in answer.get("content", {}).items():
        if not content and not media_type.endswith("json"):
            content["schema"] = {"type": "string"} | ({} if media_type.startswith("text/") else {"format": "binary"})


def _name_sorts(schemas: Mapping[str, Any]) -> None:
    """Name the values of sort enums: generators of clients cannot make an identifier of `-price`."""
    for schema in schemas.values():
        values = [value for value in schema.get("enum", ()) if isinstance(value, str)]
        if any(value.startswith("-") for value in values) and all(
            map(str.isidentifier, (v.lstrip("-") for v in values))
        ):
            names = [f"{value[1:]}_descending" if value.startswith("-") else value for value in values]
            schema.setdefault("x-enum-varnames", [name.upper() for name in names])


def _name_pages(document: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Rename the schemas of generic models with a title of their own: `ProductPage`, not `Page_ProductRead_`."""
    titles = [schema.get("title", "") for schema in schemas.values()]
    names = {name: schemas[name].get("title", "") for name in schemas if name.endswith("_")}
    new = {old: to for old, to in names.items() if to.isidentifier() and to not in schemas and titles.count(to) == 1}
    for old, to in new.items():
        schemas[to] = schemas.pop(old)
    _rename(document, {f"#/components/schemas/{old}": f"#/components/schemas/{to}" for old, to in new.items()})


def _content(bodies: ErrorBodies, model: str, *examples: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a response, with each example in the format of `bodies`."""
    content: dict[str, Any] = {}
    for example in examples:
        more = {name: value for name, value in example.items() if name not in _NAMED}
        problem = ProblemDetails(example["status"], example["code"], example["detail"], {}, more, request_id=None)
        answer = bodies.answer(problem)
        of_type = content.setdefault(
            str(answer.media_type), {"schema": {"$ref": REF.format(model=model)}, "examples": {}}
        )
        of_type["examples"][problem.code] = {"value": json.loads(bytes(answer.body))}
    return content


def _drop_fastapis_own(app: FastAPI, document: dict[str, Any], schemas: dict[str, Any]) -> None:
    if "/HTTPValidationError" in json.dumps(document["paths"]):
        return  # a route declares it
    schemas.pop("HTTPValidationError", None)
    if schemas.get("ValidationError") == validation_error_definition:
        del schemas["ValidationError"]
        # FastAPI replaces a model of this name by its own schema.
        if own := _model_schema(app, "ValidationError"):
            schemas["ValidationError"] = own


def _model_schema(app: FastAPI, name: str) -> dict[str, Any] | None:
    """Return the schema of a model that routes accept or return."""
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


def _add_schemas(document: dict[str, Any], schemas: dict[str, Any], bodies: ErrorBodies) -> None:
    """Add the schemas under their names, or with a prefix if taken, and replace the provisional references."""
    ours: dict[str, Any] = {}
    titles: dict[str, str] = {}
    for name, model in (("Problem", bodies.model), ("ValidationProblem", bodies.validation_model)):
        schema = model.model_json_schema(ref_template=REF, mode="serialization")
        titles[name] = schema["title"]
        ours |= schema.pop("$defs", {}) | {schema["title"]: schema}
    names = {name: name if name not in schemas else f"Ondol{name}" for name in ours}
    schemas |= {names[name]: schema for name, schema in ours.items()}
    refs = {REF.format(model=name): f"#/components/schemas/{new}" for name, new in names.items()}
    refs |= {REF.format(model=name): refs[REF.format(model=title)] for name, title in titles.items()}
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
    """Remove null from a parameter's schema: a parameter can be missing but not null."""
    variants = [variant for variant in schema.get("anyOf", ()) if variant.get("type") != "null"]
    if len(variants) != 1:
        return schema
    return {**variants[0], **{key: value for key, value in schema.items() if key != "anyOf"}}


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from (path[method] for method in _METHODS if method in path)
