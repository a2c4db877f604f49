"""Resources in tests: how to create one through the API.

Use a factory for each resource of a service.

    from ondol.testing.factory import Factory, in_order
    ROOMS = Factory("/rooms", "room_id", lambda ids: {"name": "warm"})
    BEDS = Factory("/beds", "bed_id", lambda ids: {"room_id": ids["room_id"]}, needs=(ROOMS,))
    assert in_order([BEDS]) == [ROOMS, BEDS]
    assert BEDS.one == "/api/v1/beds/{bed_id}"
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any, Protocol

from fastapi.testclient import TestClient

API = "/api/v1"


@dataclass(frozen=True)
class Factory:
    """A resource. `make_body` returns the body of a request that creates one, different each time. Its argument holds
    existing ids by path parameter, such as `product_id`. `needs`: the resources that it refers to."""

    path: str
    id_name: str
    make_body: Callable[[Mapping[str, str]], dict[str, Any]]
    is_owned: bool = False
    needs: tuple["Factory", ...] = ()

    @property
    def url(self) -> str:
        """The path of the list, as in the OpenAPI document."""
        return API + self.path

    @property
    def one(self) -> str:
        """The path of a single one, as in the OpenAPI document."""
        return f"{self.url}/{{{self.id_name}}}"


def in_order(factories: Iterable[Factory]) -> list[Factory]:
    """Return the factories, each after the ones it needs."""
    return list(TopologicalSorter({factory: factory.needs for factory in factories}).static_order())


class Caller(Protocol):
    """A logged-in account."""

    @property
    def id(self) -> str: ...

    @property
    def headers(self) -> dict[str, str]: ...


class Maker:
    """Creates resources through the API, dependencies first. `admin` creates those without an owner."""

    def __init__(self, client: TestClient, admin: Caller) -> None:
        self._client, self._admin = client, admin

    def __call__(self, factory: Factory, caller: Caller | None = None, **fields: Any) -> dict[str, Any]:
        """Create one with these `fields`, owned by `caller`, and return it."""
        maker = caller if caller and factory.is_owned else self._admin
        answer = self._client.post(factory.url, json=self.body(factory, maker, **fields), headers=maker.headers)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def body(self, factory: Factory, caller: Caller, **fields: Any) -> dict[str, Any]:
        """Return the body that creates one for `caller`. Create its dependencies unless `fields` name them."""
        known = {"user_id": caller.id}
        for needed in factory.needs:
            known[needed.id_name] = fields.get(needed.id_name) or self(needed, caller)["id"]
        return {**factory.make_body(known), **fields}
