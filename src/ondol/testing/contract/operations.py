"""The operations of the OpenAPI document, and for each a request that is right."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ondol.testing.contract import PASSWORD
from ondol.web.public import REASON


@dataclass(frozen=True)
class Operation:
    """`body`: the schema of the request body, `media_type` its kind; both None without one."""

    id: str
    method: str
    path: str
    parameters: tuple[dict[str, Any], ...]
    media_type: str | None
    body: dict[str, Any] | None
    is_secured: bool
    scopes: frozenset[str]
    public_reason: str | None
    """Why anybody may call it, or a caller without scopes, if the route says so (`ondol.web.public`)."""

    def named(self, place: str) -> list[dict[str, Any]]:
        """Parameters in "path", "query" or "header"."""
        return [parameter for parameter in self.parameters if parameter["in"] == place]


class Document:
    """Reads operations and makes samples of their schemas."""

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
        """The alternatives of `anyOf`, or the schema itself."""
        return [self.resolve(one) for one in self.resolve(schema).get("anyOf", [schema])]

    def accepts(self, schema: dict[str, Any], kind: str) -> bool:
        return any(variant.get("type") == kind for variant in self.variants(schema))

    def sample(self, schema: dict[str, Any], name: str, known: Mapping[str, str]) -> Any:
        """A value that is right. `known`: ids that exist, by the name of the field or parameter."""
        outer = self.resolve(schema)
        if name in known:
            return known[name]
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
        if "password" in name:
            return PASSWORD
        return "x" * max(schema.get("minLength", 1), 1)

    def sample_object(self, schema: dict[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
        return {
            name: self.sample(schema["properties"][name], name, known)
            for name in schema.get("required", list(schema.get("properties", {}))[:1])
        }
