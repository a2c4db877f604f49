"""The operations of an OpenAPI document, and a valid request for each."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pydantic.alias_generators import to_snake

from ondol.testing.contract import FORM, MULTIPART, PASSWORD
from ondol.web.public import REASON

TEXTS = {"date": "2026-01-31", "date-time": "2026-01-31T09:00:00Z", "uuid": "01900000-0000-7000-8000-000000000001"}
BOUNDARY = "a-line-that-is-in-no-value"


@dataclass(frozen=True)
class Operation:
    """An operation. `body`: the schema of the request body; None, like `media_type`, without a body."""

    id: str
    method: str
    path: str
    parameters: tuple[dict[str, Any], ...]
    media_type: str | None
    body: dict[str, Any] | None
    is_secured: bool
    scopes: frozenset[str]
    public_reason: str | None
    """Why it may be called without a login or without scopes, if the route says so (`ondol.web.public`)."""

    @property
    def content_type(self) -> dict[str, str]:
        """The Content-Type header of a valid request."""
        if self.media_type is None:
            return {}
        boundary = f"; boundary={BOUNDARY}" if self.media_type == MULTIPART else ""
        return {"Content-Type": f"{self.media_type}{boundary}"}

    @property
    def pattern(self) -> str:
        """A regular expression that matches its path."""
        return re.sub(r"\\{\w+\\}", "[^/]+", re.escape(self.path))

    def encoded(self, body: Mapping[str, Any]) -> bytes:
        """Return the body, encoded as the operation expects it."""
        if self.media_type == FORM:
            return urlencode(body).encode()
        if self.media_type == MULTIPART:
            parts = [self._part(name, value) for name, value in body.items()]
            return b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])
        return json.dumps(body).encode()

    def _part(self, name: str, value: Any) -> bytes:
        schema = (self.body or {}).get("properties", {}).get(name, {})
        is_file = "contentMediaType" in schema or schema.get("format") == "binary"
        filename = '; filename="x.txt"\r\nContent-Type: text/plain' if is_file else ""
        content = value if isinstance(value, bytes) else str(value).encode()
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{filename}\r\n\r\n'
        return head.encode() + content + b"\r\n"

    def named(self, place: str) -> list[dict[str, Any]]:
        """Return its parameters in "path", "query" or "header"."""
        return [parameter for parameter in self.parameters if parameter["in"] == place]


class Document:
    """Reads operations, and creates samples of their schemas."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._schemas = document.get("components", {}).get("schemas", {})
        self.operations = list(self._read(document))

    def _read(self, document: dict[str, Any]) -> Iterator[Operation]:
        for path, item in document["paths"].items():
            for method, operation in item.items():
                content = operation.get("requestBody", {}).get("content", {})
                media_type = next(iter(content), None)
                yield Operation(
                    operation["operationId"],
                    method.upper(),
                    path,
                    tuple(operation.get("parameters", ())),
                    media_type,
                    self.variants(content[media_type]["schema"])[0] if media_type else None,
                    bool(operation.get("security")),
                    frozenset(
                        scope
                        for scheme in operation.get("security", ())
                        for scopes in scheme.values()
                        for scope in scopes
                    ),
                    operation.get(REASON),
                )

    def resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"].rpartition("/")[2]]
        return schema

    def variants(self, schema: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the alternatives of `anyOf`, or the schema itself."""
        return [self.resolve(one) for one in self.resolve(schema).get("anyOf", [schema])]

    def accepts(self, schema: dict[str, Any], kind: str) -> bool:
        return any(variant.get("type") == kind for variant in self.variants(schema))

    def sample(self, schema: dict[str, Any], name: str, known: Mapping[str, str]) -> Any:
        """Return a valid value. `known`: existing ids, by the name of the field or parameter."""
        outer = self.resolve(schema)
        if spelling := next((each for each in (name, to_snake(name)) if each in known), ""):  # or in camelCase
            return known[spelling]
        schema = next(variant for variant in self.variants(outer) if variant.get("type") != "null")
        if examples := outer.get("examples") or schema.get("examples"):
            return examples[0]
        if "enum" in schema or "const" in schema:
            return schema.get("const", (schema.get("enum") or [None])[0])
        match schema.get("type"):
            case "object":
                return self.sample_object(schema, known)
            case "array":
                return [self.sample(schema["items"], name, known) for _ in range(schema.get("minItems", 1))]
            case "integer" | "number":
                return max(schema.get("minimum", 1), 1)
            case "boolean":
                return False
        if "password" in name.lower():
            return PASSWORD
        return TEXTS.get(schema.get("format", "")) or "x" * max(schema.get("minLength", 1), 1)

    def sample_object(self, schema: dict[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
        return {
            name: self.sample(schema["properties"][name], name, known)
            for name in schema.get("required", list(schema.get("properties", {}))[:1])
        }
