"""A running web process, and how to ask it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ondol.db.session import SyncDatabase

from factories import FACTORIES
from factory import Factory
from operations import Document, Operation


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Service:
    """A running web process, its document, an administrator, and things that exist."""

    base: str
    raw: dict[str, Any]
    document: Document
    database: SyncDatabase
    database_url: str
    admin: dict[str, str]
    log: Path
    known: dict[str, str] = field(default_factory=dict)

    def send(
        self,
        method: str,
        target: str,
        *,
        body: Any = None,
        headers: dict[str, str] | None = None,
        chunked: bool = False,
    ) -> Answer:
        """One request with exactly these bytes, on a connection of its own."""
        connection = HTTPConnection(urlsplit(self.base).netloc, timeout=20)
        try:
            connection.request(method, target, body=body, headers=headers or {}, encode_chunked=chunked)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()

    def call(self, method: str, path: str, value: Any, caller: dict[str, str] | None = None) -> Any:
        """With JSON, as the administrator or whoever has the headers `caller`; must succeed."""
        headers = {**(caller or self.admin), "Content-Type": "application/json"}
        answer = self.send(method, path, body=json.dumps(value), headers=headers)
        assert answer.status < 300, answer.body
        return answer.json()

    def make(self, factory: Factory, known: Mapping[str, str], caller: dict[str, str] | None = None) -> dict[str, str]:
        """One more of a resource: its id, by the name of its path parameter."""
        return {factory.id_name: self.call("POST", factory.url, factory.make_body(known), caller)["id"]}

    def right_body(self, operation: Operation, known: Mapping[str, str]) -> dict[str, Any]:
        """What its factory sends, as far as the operation takes it; or a sample of its schema."""
        assert operation.body is not None
        for factory in FACTORIES:
            if operation.path in (factory.url, factory.one):
                body = factory.make_body(known)
                return {name: body[name] for name in operation.body["properties"] if name in body}
        return self.document.sample_object(operation.body, known)
