"""A client for one running web process."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt

from ondol.db.session import SyncDatabase
from ondol.testing.contract import ME, PASSWORD, Contract
from ondol.testing.contract.operations import Document, Operation
from ondol.testing.factory import Factory, in_order

Headers = dict[str, str]
EVENTS = "text/event-stream"


def claims_of(headers: Headers) -> dict[str, Any]:
    """Return the claims of the bearer token in these request headers."""
    token = headers["Authorization"].split()[1]
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Headers
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Service:
    """A running web process, its document, an administrator, and existing ids by parameter name."""

    base: str
    raw: dict[str, Any]
    contract: Contract
    database: SyncDatabase
    known: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.document = Document(self.raw)
        [self.admin] = self.people(1, self.contract.administrator)
        [somebody] = self.people(1)
        self.known |= {"user_id": claims_of(somebody)["sub"], "session_id": claims_of(somebody)["sid"]}
        for factory in in_order(self.contract.factories):
            self.known |= self.make(factory, self.known)

    def people(self, number: int, role: Any = None, scopes: frozenset[str] | None = None) -> list[Headers]:
        """Create `number` accounts, by default customers, and return their request headers."""
        return self.contract.people(self.database, number, role or self.contract.customer, scopes=scopes)

    def email_of(self, headers: Headers) -> str:
        return str(self.send("GET", ME, headers=headers).json()["email"])

    def send(
        self,
        method: str,
        target: str,
        *,
        body: Any = None,
        headers: Headers | None = None,
        chunked: bool = False,
    ) -> Answer:
        """Send exactly these bytes on a new connection. Read only the first line of an event stream."""
        connection = HTTPConnection(urlsplit(self.base).netloc, timeout=20)
        try:
            connection.request(method, target, body=body, headers=headers or {}, encode_chunked=chunked)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            is_stream = found.get("content-type", "").startswith(EVENTS)
            return Answer(answer.status, found, answer.readline() if is_stream else answer.read())
        finally:
            connection.close()

    def request(
        self,
        operation: Operation,
        headers: Headers,
        known: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Send a valid request. `known`: ids instead of the existing ones. `extra`: additional body fields."""
        known = {"current_password": PASSWORD, **(known or self.known)}
        content = None
        if operation.body is not None:
            content = operation.encoded({**self.right_body(operation, known), **(extra or {})})
        sign = self.contract.signed.get(operation.id)
        proof = sign(content or b"") if sign else {}
        target = self.path_of(operation, known)
        if query := self.samples(operation, "query", known):
            target += f"?{urlencode(query)}"
        parts = (self.samples(operation, "header", known), operation.content_type, headers, proof)
        # Lower-case names, like FastAPI's, so that no header is sent twice.
        given = {name.lower(): value for part in parts for name, value in part.items()}
        return self.send(operation.method, target, body=content, headers=given)

    def path_of(self, operation: Operation, known: Mapping[str, str] | None = None) -> str:
        """Return the operation's path with existing ids or samples."""
        path = operation.path
        for name, value in self.samples(operation, "path", known).items():
            path = path.replace(f"{{{name}}}", value)
        return path

    def samples(self, operation: Operation, place: str, known: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return valid values of the required parameters in "path", "query" or "header"."""
        known = known or self.known
        needed = [parameter for parameter in operation.named(place) if parameter.get("required")]
        return {each["name"]: str(self.document.sample(each["schema"], each["name"], known)) for each in needed}

    def call(self, method: str, path: str, value: Any, caller: Headers | None = None) -> Any:
        """Send JSON as the administrator or with the headers `caller`, and return the JSON. It must succeed."""
        headers = {**(caller or self.admin), "Content-Type": "application/json"}
        answer = self.send(method, path, body=json.dumps(value), headers=headers)
        assert answer.status < 300, answer.body
        return answer.json()

    def make(self, factory: Factory, known: Mapping[str, str], caller: Headers | None = None) -> dict[str, str]:
        """Create one of a resource and return its id, by the name of its path parameter."""
        return {factory.id_name: self.call("POST", factory.url, factory.make_body(known), caller)["id"]}

    def known_to(self, caller: Headers, known: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the existing ids; of owned resources, create one each for the caller."""
        found = dict(known or self.known)
        for factory in in_order(self.contract.factories):
            if factory.is_owned:
                found |= self.make(factory, found, caller)
        return found

    def right_body(self, operation: Operation, known: Mapping[str, str]) -> dict[str, Any]:
        """Return the fields of the factory's body that the operation takes, or a sample of its schema."""
        assert operation.body is not None
        for factory in self.contract.factories:
            if operation.path in (factory.url, factory.one):
                body = factory.make_body(known)
                return {name: body[name] for name in operation.body["properties"] if name in body}
        return {**self.document.sample_object(operation.body, known), **self.contract.fields.get(operation.id, {})}


def form_of(path: str, address: str, password: str = "wrong horse battery") -> dict[str, Any]:
    """Return the body of a POST at /auth/`path`, as options of httpx2."""
    match path:
        case "token":
            return {"data": {"username": address, "password": password}}
        case "refresh":
            return {"json": {"refresh_token": "x" * 43}}
    return {"json": {"email": address}}
