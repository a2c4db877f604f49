"""Authorization of each operation: by scopes, and by owner."""

from collections.abc import Iterator

import pytest

from ondol.testing.contract.operations import Operation
from ondol.testing.contract.service import Service


def test_every_operation_says_who_may_call_it(service: Service) -> None:
    """ASVS 8.2.1: by scopes, or by the reason in `ondol.web.public`. A GET may be public without a reason."""
    silent = [operation for operation in service.document.operations if not operation.public_reason]
    assert [operation.id for operation in silent if not operation.is_secured and operation.method != "GET"] == []
    assert [operation.id for operation in silent if operation.is_secured and not operation.scopes] == []


def refusals(service: Service, headers: dict[str, str]) -> Iterator[tuple[Operation, int, str]]:
    """Yield each secured operation, and the status and code of its response to these headers."""
    for operation in service.document.operations:
        if operation.is_secured:
            answer = service.request(operation, headers)
            yield operation, answer.status, answer.json().get("code", "") if answer.status >= 400 else ""


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="nobody · ASVS 8.2.1"),
        pytest.param({"Authorization": "Bearer x"}, id="no token · RFC 6750 3.1"),
        pytest.param({"Authorization": "Basic YTpi"}, id="another scheme · RFC 6750 2.1"),
        pytest.param({"Cookie": "__Host-access=x"}, id="a cookie without browser mode"),
    ],
)
def test_who_is_not_logged_in_is_asked_to(service: Service, headers: dict[str, str]) -> None:
    found = list(refusals(service, headers))
    assert {status for _, status, _ in found} == {401}
    assert len(found) >= 10


def test_without_a_scope_an_operation_is_refused(service: Service) -> None:
    """API5, ASVS 8.2.1: a session without scopes may do nothing, and each role only what its scopes allow."""
    nothing: frozenset[str] = frozenset()
    callers = [(nothing, service.people(1, service.contract.administrator, scopes=nothing)[0])]
    callers += [(scopes, service.people(1, role)[0]) for role, scopes in service.contract.scopes_of.items()]
    for held, headers in callers:
        for operation in service.document.operations:
            if not operation.scopes or operation.scopes <= held:
                continue
            answer = service.request(operation, headers)
            assert (answer.status, answer.json()["code"]) == (403, "insufficient_scope"), (operation.id, sorted(held))
            assert set(answer.json()["missing"]) == operation.scopes - held


def test_with_its_scopes_an_operation_is_not_refused(service: Service) -> None:
    for role, scopes in service.contract.scopes_of.items():
        for operation in service.document.operations:
            if operation.scopes and operation.scopes <= scopes:
                answer = service.request(operation, service.people(1, role)[0])
                assert answer.status not in (401, 403), (operation.id, role)


def test_what_belongs_to_somebody_else_does_not_exist(service: Service) -> None:
    """API1, ASVS 8.2.2: every operation answers the same 404 as for an unknown id, and changes nothing."""
    owner, other = service.people(2)
    known = service.known_to(owner)
    for factory in service.contract.factories:
        if not factory.is_owned:
            continue
        one = f"{factory.url}/{known[factory.id_name]}"
        before = service.send("GET", one, headers=owner)
        assert before.status == 200
        operations = [each for each in service.document.operations if each.is_secured]
        for operation in operations:
            if f"{{{factory.id_name}}}" not in operation.path:
                continue
            theirs = service.request(operation, other, known)
            nobodys = service.request(operation, other, {**known, factory.id_name: service.known["user_id"]})
            assert theirs.status == nobodys.status == 404, operation.id
            assert theirs.json()["detail"] == nobodys.json()["detail"]
        assert service.send("GET", one, headers=owner).body == before.body
        if any((operation.method, operation.path) == ("GET", factory.url) for operation in operations):
            assert known[factory.id_name] not in service.send("GET", factory.url, headers=other).body.decode()


def test_nobody_sets_what_is_not_theirs_to_set(service: Service) -> None:
    """API3, ASVS 15.3.3 (mass assignment): bodies reject undeclared fields, such as fields of a response."""
    shown = {
        name for schema in service.raw["components"]["schemas"].values() for name in schema.get("properties", {})
    } | {"hashed_password", "owner_id", "customer_id", "user_id", "is_admin"}
    asked = 0
    for operation in service.document.operations:
        if operation.body is None or operation.media_type != "application/json":
            continue
        for name in sorted(shown - set(operation.body["properties"])):
            answer = service.request(operation, service.admin, extra={name: "x"})
            assert answer.status == 422, (operation.id, name)
            assert ["body", name] in [error["loc"] for error in answer.json()["errors"]]
            asked += 1
    assert asked > 100
