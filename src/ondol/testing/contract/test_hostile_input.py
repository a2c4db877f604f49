"""Every operation refuses hostile input with a reason. Never a 5xx, a dropped connection or an echo of the input.

The cases come from the OpenAPI document, so new operations are tested automatically.
"""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from ondol.testing.contract import AUTH, FORM, MAX_ANSWER, MULTIPART
from ondol.testing.contract.operations import Operation
from ondol.testing.contract.service import Service

CANARY = "canary-3f9c1e"  # part of every value that may be a secret; must not be in a response
REFUSED = {400, 413, 415, 422}
TOO_LARGE, UNSUPPORTED = frozenset({413}), frozenset({415})
WRONG_TYPES = (
    "text/plain",
    "application/xml",
    "multipart/form-data",
    "image/png",
    "\xff",
    "application/json; charset=x",
)

# Values that are valid for some kinds of field.
RIGHT_FOR = {"beyond 64 bits": ("number",), "below 64 bits": ("number",), "object": ("object",)}

# As JSON text, because Python cannot serialize some of them. Fields of all other kinds must refuse them.
JSON_VALUES = {
    "NaN": "NaN",
    "Infinity": "Infinity",
    "minus Infinity": "-Infinity",
    "1e999": "1e999",
    "lone surrogate": r'"\ud800"',
    "surrogate in text": rf'"{CANARY}\udfff and more"',
    "NUL": rf'"{CANARY}\u0000 and more"',
    "beyond 64 bits": "9223372036854775808",
    "below 64 bits": "-9223372036854775809",
    "5,000 digits": "9" * 5_000,
    "long text": f'"{CANARY * 100_000}"',
    "object": '{"a": {"b": 1}}',
    "nested": "[" * 500 + "]" * 500,
}

# For parameters. Those of type text may accept them.
TEXT_VALUES = {
    "NaN": "NaN",
    "Infinity": "Infinity",
    "1e999": "1e999",
    "surrogate": "%ED%A0%80",
    "NUL": "%00",
    "beyond 64 bits": "9223372036854775808",
    "5,000 digits": "9" * 5_000,
    "invalid UTF-8": "%FF%FE",
    "text": CANARY,
    "empty": "",
    "CRLF": "%0D%0ASet-Cookie:%20a=b",
    "path": "..%2F..%2Fetc%2Fpasswd",
}


@dataclass(frozen=True)
class Case:
    name: str
    target: str
    body: Any = None
    headers: dict[str, str] | None = None
    chunked: bool = False
    expected: frozenset[int] = frozenset(REFUSED)


class Cases:
    """The hostile requests to one operation."""

    def __init__(self, service: Service, operation: Operation, max_body: int) -> None:
        self._service, self._operation, self._max_body = service, operation, max_body
        self._document, self._known = service.document, service.known
        self.path = service.path_of(operation)
        self._json = {"Content-Type": "application/json"}
        # Operations without login may answer an impossible credential like a wrong one: 401.
        self._refused = frozenset(REFUSED if operation.is_secured else {401, *REFUSED})
        if operation.path == f"{AUTH}/revoke":
            self._refused |= {200}  # an invalid token counts as revoked (RFC 7009, section 2.2)

    def __iter__(self) -> Iterator[Case]:
        yield from self._in_the_path()
        yield from self._in_the_query()
        yield from self._in_headers()
        if self._operation.media_type == "application/json":
            yield from self._in_json()
        if self._operation.media_type == FORM:
            yield from self._in_the_form()
        if self._operation.media_type:
            yield from self._as_a_body()

    def _in_the_path(self) -> Iterator[Case]:
        for parameter in self._operation.named("path"):
            for name, value in TEXT_VALUES.items():
                if value == "" or "%2F" in value:
                    continue  # would be another path
                path = self._operation.path.replace(f"{{{parameter['name']}}}", value)
                expected = frozenset({200, 404, *REFUSED} if self._is_text(parameter["schema"]) else REFUSED)
                yield Case(f"path {name}", path, self._good_body(), self._operation.content_type, expected=expected)
        if self._operation.named("path"):
            path = self.path.rpartition("/")[0] + "/..%2F..%2Fetc%2Fpasswd"
            yield Case("path out of here", path, expected=frozenset({404, 405, 422}))

    def _in_the_query(self) -> Iterator[Case]:
        parameters = self._operation.named("query")
        for parameter in parameters:
            name, schema = parameter["name"], parameter["schema"]
            is_text = self._is_text(schema)
            for title, value in TEXT_VALUES.items():
                # Text may be anything that PostgreSQL can store; a cursor must be one that was issued.
                is_right = any(self._document.accepts(schema, kind) for kind in RIGHT_FOR.get(title, ()))
                anything = is_right or (is_text and name != "cursor")
                expected = frozenset({200, *REFUSED} if anything else REFUSED)
                yield Case(f"query {name} {title}", f"{self.path}?{name}={value}", expected=expected)
        if "limit" in {parameter["name"] for parameter in parameters}:
            for limit in ("0", "-1", "-9223372036854775809", "101", "1.5", "1e2", "0x10", "１０１"):
                yield Case(f"limit {limit}", f"{self.path}?limit={quote(limit)}")
        if parameters:
            yield Case("unknown parameter", f"{self.path}?no_such_parameter={CANARY}")
            yield Case("5,000 parameters", f"{self.path}?" + "&".join(f"a{i}=1" for i in range(5_000)))

    def _in_headers(self) -> Iterator[Case]:
        for parameter in self._operation.named("header"):
            for title, value in {**TEXT_VALUES, "8 KB": "v" * 8_000, "other bytes": "\xff\xfe"}.items():
                if value:
                    headers = {parameter["name"]: value, **self._operation.content_type}
                    name = f"header {parameter['name']} {title}"
                    is_right = re.search(parameter["schema"].get("pattern", "(?!)"), value)
                    expected = self._refused | {200, 201, 204} if is_right else self._refused
                    yield Case(name, self.path, self._good_body(), headers, expected=expected)
        if self._operation.is_secured:
            for title, value in {
                "nothing": "Bearer",
                "8 KB": f"Bearer {CANARY}" + "x" * 8_000,
                "other bytes": "Bearer \xff\xfe\xfd",
                "another scheme": f"Basic {CANARY}",
                "three dots": "Bearer a.b.c",
                "no algorithm": "Bearer eyJhbGciOiJub25lIn0.e30.",
                "nested": "Bearer " + "." * 2_000,
            }.items():
                headers = {"Authorization": value, **self._operation.content_type}
                yield Case(f"token {title}", self.path, self._good_body(), headers, expected=frozenset({401}))

    def _in_json(self) -> Iterator[Case]:
        schema = self._operation.body
        assert schema
        good = self._service.right_body(self._operation, self._known)
        for name, field in schema["properties"].items():
            for title, value in JSON_VALUES.items():
                if not any(self._document.accepts(field, kind) for kind in RIGHT_FOR.get(title, ())):
                    yield self._json_case(f"{name} = {title}", {**good, name: "@"}, value)
            if not self._document.accepts(field, "null"):
                yield self._json_case(f"{name} = null", {**good, name: "@"}, "null")
            yield from self._within(name, field, good)
        for name in ("id", "role2", "hashed_password", "version", "created_at", "__proto__", "no_such_field"):
            if name not in schema["properties"]:
                yield self._json_case(f"unknown {name}", {**good, name: "@"}, '"x"')

    def _within(self, name: str, field: dict[str, Any], good: dict[str, Any]) -> Iterator[Case]:
        """Yield cases in the objects of a list, such as the lines of an order."""
        for variant in self._document.variants(field):
            item = self._document.resolve(variant.get("items", {}))
            for inner in item.get("properties", {}):
                entry = self._document.sample_object(item, self._known)
                for title, value in JSON_VALUES.items():
                    yield self._json_case(f"{name}.{inner} = {title}", {**good, name: [{**entry, inner: "@"}]}, value)

    def _in_the_form(self) -> Iterator[Case]:
        schema = self._operation.body
        assert schema
        good = self._document.sample_object(schema, self._known)
        for name in schema["properties"]:
            for title, value in {"NUL": "%00", "invalid UTF-8": "%FF", "long": "x" * 100_000, "CRLF": "%0D%0A"}.items():
                body = urlencode({key: item for key, item in good.items() if key != name}) + f"&{name}={CANARY}{value}"
                # An impossible name or password may be answered like a wrong one.
                yield Case(
                    f"form {name} {title}",
                    self.path,
                    body,
                    {"Content-Type": FORM},
                    expected=self._refused,
                )
        fields = "&".join(f"f{i}=1" for i in range(5_000))
        yield Case("form of 5,000 fields", self.path, fields, {"Content-Type": FORM})

    def _as_a_body(self) -> Iterator[Case]:
        good, kind = self._good_body(), self._operation.content_type
        assert good
        big = b'{"a": "' + b"x" * (self._max_body + 100_000) + b'"}'
        yield Case("over the limit", self.path, big, kind, expected=TOO_LARGE)
        # A multipart body is parsed part by part: an invalid one is refused (400) before it reaches the limit.
        too_large = TOO_LARGE | {400} if self._operation.media_type == MULTIPART else TOO_LARGE
        yield Case("over the limit in chunks", self.path, iter([big[:500_000], big[500_000:]]), kind, True, too_large)
        compressed = {**kind, "Content-Encoding": "gzip"}
        yield Case("gzip", self.path, gzip.compress(good), compressed, expected=UNSUPPORTED)
        yield Case("a bomb", self.path, gzip.compress(b"0" * 10_000_000), compressed, expected=UNSUPPORTED)
        for other in WRONG_TYPES:
            if other.partition(";")[0] != self._operation.media_type:
                yield Case(f"as {other!r}", self.path, good, {"Content-Type": other}, expected=self._refused)
        yield Case("an empty body", self.path, b"", kind, expected=self._refused)
        if kind == self._json:
            for title, body in {
                "invalid UTF-8": b'{"\xff": "\xfe"}',
                "cut off": good[:-1],
                "not an object": b"[1]",
                "null": b"null",
                "depth 100,000": b"[" * 100_000 + b"]" * 100_000,
                "objects of depth 100,000": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
                "UTF-16": json.dumps({"a": 1}).encode("utf-16"),
                "a byte order mark": b"\xef\xbb\xbf[1]",
            }.items():
                yield Case(title, self.path, body, kind, expected=self._refused)

    def _json_case(self, name: str, value: dict[str, Any], raw: str) -> Case:
        body = json.dumps(value).replace('"@"', raw).encode()
        return Case(name, self.path, body, self._json, expected=self._refused)

    def _good_body(self) -> bytes | None:
        if self._operation.body is None:
            return None
        good = self._service.right_body(self._operation, self._known)
        return self._operation.encoded(good)

    def _is_text(self, schema: dict[str, Any]) -> bool:
        """Return whether the schema accepts any text."""
        variants = self._document.variants(schema)
        return all(
            variant.get("type") in ("string", "null") and not {"enum", "format"} & variant.keys()
            for variant in variants
        )


def faults(case: Case, answer: Any) -> Iterator[str]:
    if answer.status not in case.expected:
        yield f"{answer.status} {answer.body[:200]!r}"
    if answer.status >= 400:
        if answer.headers.get("content-type") != "application/problem+json":
            yield f"not a problem: {answer.headers.get('content-type')}"
        elif not answer.json()["detail"]:
            yield "no reason"
        if len(answer.body) > MAX_ANSWER:
            yield f"{len(answer.body)} bytes"
        if CANARY.encode() in answer.body or CANARY in str(answer.headers):
            yield f"an echo: {answer.body[:300]!r}"
    if "a=b" in answer.headers.get("set-cookie", ""):
        yield "an injected header"


def body_limits(app: FastAPI) -> dict[tuple[str, str], int]:
    """Return the `max_body_size` of routes that set one, by method and path."""
    routes = [route for route in iter_route_contexts(app.routes) if getattr(route, "max_body_size", None)]
    return {(method, str(route.path)): route.max_body_size for route in routes for method in route.methods or ()}


def test_every_operation_refuses_what_it_must(service: Service, app: FastAPI) -> None:
    found: list[str] = []
    number, limits = 0, body_limits(app)
    for operation in service.document.operations:
        for case in Cases(service, operation, limits.get((operation.method, operation.path), 1_000_000)):
            headers = {**service.admin, **(case.headers or {})}
            request = {"body": case.body, "headers": headers, "chunked": case.chunked}
            try:
                answer = service.send(operation.method, case.target, **request)
            except OSError as error:
                found.append(f"{operation.id}, {case.name}: dropped: {error!r}")
                continue
            number += 1
            found += [f"{operation.id}, {case.name}: {fault}" for fault in faults(case, answer)]
    assert found == [], f"{len(found)} of {number}:\n" + "\n".join(found[:60])
    assert number > 20 * len(service.document.operations)


def test_methods_that_are_not_there(service: Service) -> None:
    operations = service.document.operations
    for path in {service.path_of(operation) for operation in operations}:
        known = {operation.method for operation in operations if re.fullmatch(operation.pattern, path)}
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - known:
            answer = service.send(method, path, headers=service.admin)
            assert (answer.status, answer.json()["code"]) == (405, "method_not_allowed"), (method, path)
            assert set(answer.headers["allow"].split(", ")) == (known | {"HEAD"} if "GET" in known else known)
            assert len(answer.body) <= MAX_ANSWER
