"""Tests that every resource with a factory in the project must pass."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic.alias_generators import to_snake

from ondol.testing.factory import Caller, Factory, Maker

WRITERS, ADDED = 8, 3
NEWEST_FIRST = "-created_at"


class Resource:
    """A resource through the API. `caller` creates and changes it. `methods`: the operations on a single one."""

    def __init__(self, app: FastAPI, client: TestClient, make: Maker, factory: Factory, caller: Caller) -> None:
        document = app.openapi()
        self._client, self._make, self._factory, self._caller = client, make, factory, caller
        self._schemas, self._paths = document["components"]["schemas"], document["paths"]
        self.url, self.methods = factory.url, self._paths[factory.one]

    def send(self, method: str, url: str, **options: Any) -> Any:
        headers = {**self._caller.headers, **options.pop("headers", {})}
        return self._client.request(method, url, headers=headers, **options)

    def page(self, **params: Any) -> Any:
        answer = self.send("GET", self.url, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def made(self, number: int = 1) -> list[str]:
        """Create `number` of them and return their ids."""
        return [self._make(self._factory, self._caller)["id"] for _ in range(number)]

    def changes(self, number: int) -> list[dict[str, Any]]:
        """Return the bodies of `number` different PATCH requests."""
        schema = self.methods["patch"]["requestBody"]["content"]["application/json"]["schema"]
        fields = self._schemas[schema["$ref"].rpartition("/")[2]]["properties"]
        bodies = [self._make.body(self._factory, self._caller) for _ in range(number)]
        return [{name: value for name, value in body.items() if name in fields} for body in bodies]

    @property
    def sorts(self) -> list[str]:
        parameters = self._paths[self.url]["get"]["parameters"]
        schemas = [parameter["schema"] for parameter in parameters if parameter["name"] == "sort"]
        resolved = [self._schemas[each["$ref"].rpartition("/")[2]] if "$ref" in each else each for each in schemas]
        return [sort for schema in resolved for sort in schema.get("enum", ())]


@pytest.fixture
def resource(
    app: FastAPI, client: TestClient, make: Maker, factory: Factory, customer: Caller, admin: Caller
) -> Resource:
    return Resource(app, client, make, factory, customer if factory.is_owned else admin)


def pages(resource: Resource, params: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Yield the pages of a list, while one item is added after each of the first pages."""
    for number in count():
        page = resource.page(limit=2, **params)
        yield page["items"]
        if page["next_cursor"] is None:
            return
        params = {**params, "cursor": page["next_cursor"]}
        if number < ADDED:
            resource.made()


def test_pages_show_everything_once_and_in_order_while_more_comes(resource: Resource) -> None:
    there = resource.made(5)
    for sort in resource.sorts or [""]:
        params = {"sort": sort} if sort else {}
        seen = [item for items in pages(resource, params) for item in items]
        found = Counter(item["id"] for item in seen)
        assert (max(found.values()), set(there) - set(found)) == (1, set()), sort
        if sort:
            values = [{to_snake(name): item[name] for name in item}[to_snake(sort.removeprefix("-"))] for item in seen]
            assert are_sorted(values, reverse=sort.startswith("-")), (sort, values)


def are_sorted(values: list[Any], *, reverse: bool) -> bool:
    """Return whether the values are sorted, as they are or as decimal numbers."""
    if values == sorted(values, reverse=reverse):
        return True
    try:
        numbers = [Decimal(value) for value in values]
    except ArithmeticError:
        return False
    return numbers == sorted(numbers, reverse=reverse)


def test_a_list_takes_what_it_knows(resource: Resource) -> None:
    resource.made(2)
    wrong: list[dict[str, Any]] = [{"limit": 101}, {"no_such_filter": 1}, {"sort": "no_such_sort"}]
    for params in wrong:
        answer = resource.send("GET", resource.url, params=params)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), params


def test_a_cursor_is_good_for_its_own_query_and_caller(
    client: TestClient, resource: Resource, factory: Factory, other: Caller
) -> None:
    resource.made(2)
    cursor = resource.page(limit=1)["next_cursor"]
    assert resource.send("GET", resource.url, params={"limit": 5, "cursor": cursor}).status_code == 200
    changed = ("A" if cursor[40] != "A" else "B").join([cursor[:40], cursor[41:]])
    wrong = [{"cursor": each} for each in (changed, cursor[:-4], f"{cursor}AAAA", "x", "한글", "🔥")]
    wrong += [{"cursor": cursor, "sort": sort} for sort in resource.sorts if sort != NEWEST_FIRST]
    for params in wrong:
        answer = resource.send("GET", resource.url, params=params)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor"), params
    if factory.is_owned and client.get(resource.url).status_code == 401:
        stolen = client.get(resource.url, params={"cursor": cursor}, headers=other.headers)
        assert (stolen.status_code, stolen.json()["code"]) == (400, "invalid_cursor")


def test_a_long_list_takes_as_many_statements_as_a_short_one(resource: Resource, statements: list[str]) -> None:
    def sent() -> int:
        statements.clear()
        resource.page()
        return len(statements)

    resource.made()
    resource.page()  # caches the caller's session
    short = sent()
    resource.made(9)
    assert sent() == short


def test_of_many_writers_at_once_one_wins(resource: Resource) -> None:
    if "patch" not in resource.methods:
        return
    url = f"{resource.url}/{resource.made()[0]}"
    tag = {"If-Match": resource.send("GET", url).headers["ETag"]}
    changes = resource.changes(WRITERS)
    with ThreadPoolExecutor(WRITERS) as threads:
        answers = list(threads.map(lambda body: resource.send("PATCH", url, json=body, headers=tag), changes))
    counted = Counter(answer.status_code for answer in answers)
    assert counted[200] == 1
    assert counted[409] + counted[412] == WRITERS - 1
    [winner] = [answer.json() for answer in answers if answer.status_code == 200]
    assert resource.send("GET", url).json() == winner
    late = resource.send("DELETE" if "delete" in resource.methods else "PATCH", url, json=changes[0], headers=tag)
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")


def test_no_change_is_lost_that_was_acknowledged(resource: Resource) -> None:
    """A concurrent change of another field, without If-Match, is either kept or refused with 409."""
    if "patch" not in resource.methods:
        return
    url = f"{resource.url}/{resource.made()[0]}"
    changes = [{name: value} for name, value in resource.changes(1)[0].items()]
    with ThreadPoolExecutor(WRITERS) as threads:
        answers = list(threads.map(lambda body: resource.send("PATCH", url, json=body), changes))
    now = resource.send("GET", url).json()
    for change, answer in zip(changes, answers, strict=True):
        assert answer.status_code in (200, 409), answer.text
        assert answer.status_code == 409 or change.items() <= now.items()


def test_a_change_is_seen_by_the_next_read(resource: Resource) -> None:
    """Cached resources must be invalidated."""
    url = f"{resource.url}/{resource.made()[0]}"
    changes = resource.changes(5) if "patch" in resource.methods else []
    for change in changes:
        resource.send("GET", url)
        changed = resource.send("PATCH", url, json=change)
        assert changed.status_code == 200, changed.text
        assert resource.send("GET", url).json() == changed.json()
    if "delete" in resource.methods:
        resource.send("GET", url)
        assert resource.send("DELETE", url).status_code == 204
        assert resource.send("GET", url).status_code == 404
