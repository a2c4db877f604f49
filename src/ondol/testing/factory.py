"""What tests know about a resource: enough to make one through the API."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any, Protocol

from fastapi.testclient import TestClient

API = "/api/v1"


@dataclass(frozen=True)
class Factory:
    """`make_body` gives the body of a request that makes one, a different one each time. It is told the ids that
    exist, by the name of their path parameter, such as `product_id`. `needs`: what it refers to."""

    path: str
    id_name: str
    make_body: Callable[[Mapping[str, str]], dict[str, Any]]
    is_owned: bool = False
    needs: tuple["Factory", ...] = ()

    @property
    def url(self) -> str:
        return API + self.path

    @property
    def one(self) -> str:
        """The path of one of them, as the OpenAPI document has it."""
        return f"{self.url}/{{{self.id_name}}}"


def in_order(factories: Iterable[Factory]) -> list[Factory]:
    """Return the factories, each after those it needs."""
    return list(TopologicalSorter({factory: factory.needs for factory in factories}).static_order())


class Caller(Protocol):
    """Somebody who is logged in."""

    @property
    def id(self) -> str: ...

    @property
    def headers(self) -> dict[str, str]: ...


class Maker:
    """Makes resources through the API, each after what it refers to. `admin` makes what belongs to nobody."""

    def __init__(self, client: TestClient, admin: Caller) -> None:
        self._client, self._admin = client, admin

    def __call__(self, factory: Factory, caller: Caller | None = None, **fields: Any) -> dict[str, Any]:
        """One more of them, with these `fields`; it belongs to `caller`."""
        maker = caller if caller and factory.is_owned else self._admin
        answer = self._client.post(factory.url, json=self.body(factory, maker, **fields), headers=maker.headers)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def body(self, factory: Factory, caller: Caller, **fields: Any) -> dict[str, Any]:
        """The body of a request of `caller` that makes one. What it refers to is made, unless `fields` name it."""
        known = {"user_id": caller.id}
        for needed in factory.needs:
            known[needed.id_name] = fields.get(needed.id_name) or self(needed, caller)["id"]
        return {**factory.make_body(known), **fields}
