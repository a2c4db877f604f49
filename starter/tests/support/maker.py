"""Makes resources through the API, each after what it refers to."""

from typing import Any

from fastapi.testclient import TestClient

from factory import Factory


class Maker:
    """`admin` makes what belongs to nobody."""

    def __init__(self, client: TestClient, admin: Any) -> None:
        self._client, self._admin = client, admin

    def __call__(self, factory: Factory, caller: Any = None, **fields: Any) -> dict[str, Any]:
        """One more of them, with these `fields`; it belongs to `caller`."""
        caller = caller if caller and factory.is_owned else self._admin
        answer = self._client.post(factory.url, json=self.body(factory, caller, **fields), headers=caller.headers)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def body(self, factory: Factory, caller: Any, **fields: Any) -> dict[str, Any]:
        """The body of a request of `caller` that makes one. What it refers to is made, unless `fields` name it."""
        known = {"user_id": caller.id}
        known |= {needed.id_name: self(needed, caller)["id"] for needed in factory.needs}
        return {**factory.make_body(known), **fields}
