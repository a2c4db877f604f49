"""Schemathesis: the running service keeps to its OpenAPI document, for every caller.

Each operation is first called with a valid request, which must succeed for every permitted caller and reveal no
unrelated data; then with the valid and invalid requests that Schemathesis generates from the document.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from pydantic_core.core_schema import ErrorType
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.failures import FailureGroup

from ondol.testing.contract import AUTH, FORM, MULTIPART, PASSWORD
from ondol.testing.contract.operations import Operation
from ondol.testing.contract.service import EVENTS, Service, claims_of

GIVEN_OUT = {"invalid_cursor", "invalid_token", "precondition_failed", "password_is_address"}
COUNTED_CASES, EXAMPLES, ROUNDS = 5_000, 110, 5
# Responses that do not depend on the input.
NOT_COUNTED = {401, 404}
# Types of errors that a schema predicts: not those of validators, nor the limits of a date or of an amount in text.
IN_A_SCHEMA = {*get_args(ErrorType), "number_type", "decimal_text", "date_text", "time_text", "datetime_text"}
IN_A_SCHEMA -= {"value_error", "greater_than_equal", "less_than_equal"}


@dataclass(frozen=True)
class Caller:
    """An account with a role and its own resources, or an anonymous caller (role None)."""

    role: Any
    scopes: frozenset[str]
    headers: dict[str, str]
    known: dict[str, str]

    def may(self, operation: Operation) -> bool:
        return not operation.is_secured or (self.role is not None and operation.scopes <= self.scopes)


def new_caller(service: Service, role: Any) -> Caller:
    known = {**service.known, **credentials(service), "password": PASSWORD, "current_password": PASSWORD}
    headers = service.people(1, role)[0] if role else {}
    known = service.known_to(headers, known) if role else known
    return Caller(role, service.contract.scopes_of.get(role, frozenset()), headers, known)


def credentials(service: Service) -> dict[str, str]:
    """Return the values that registration, login and token refresh need."""
    [headers] = service.people(1)
    address = service.email_of(headers)
    form = f"username={address}&password={PASSWORD}"
    tokens = service.send("POST", f"{AUTH}/token", body=form, headers={"Content-Type": FORM}).json()
    fresh = f"{os.urandom(6).hex()}@example.com"
    return {"username": address, "refresh_token": tokens["refresh_token"], "email": fresh}


def fresh_session(service: Service, caller: Caller) -> dict[str, str]:
    assert caller.role is not None
    return service.people(1, caller.role)[0]


def test_every_operation_for_every_caller(service: Service, whole: bool) -> None:
    schema = schemathesis.openapi.from_dict(service.raw)
    items: list[Any] = list(schema.get_all_operations())
    found = [item.ok() for item in items]
    operations = {described.definition.raw["operationId"]: described for described in found}
    callers = [new_caller(service, role) for role in (None, *service.contract.scopes_of)]
    [stranger] = service.people(1)
    bystander = [service.email_of(stranger), claims_of(stranger)["sub"]]
    deleted = {factory.one: factory for factory in service.contract.factories}
    pairs = [
        (operation, caller, operations[operation.id])
        for operation in service.document.operations
        for caller in callers
        if caller.may(operation)
    ]
    assert len(pairs) >= len(operations)
    # Schemathesis would wait for the end of a stream, and cannot sign its requests.
    apart = {operation.id for operation, caller, _ in pairs if is_stream(service, operation, caller)}
    apart |= set(service.contract.signed)
    statuses: Counter[int] = Counter()
    failures: list[str] = []

    def call(operation: Operation, caller: Caller, case: Any) -> Any:
        headers = caller.headers
        if operation.method == "DELETE" and operation.path in deleted and case.path_parameters:
            factory = deleted[operation.path]
            owner = caller.headers if factory.is_owned else None
            case.path_parameters.update(service.make(factory, caller.known, owner))
        if operation.id in service.contract.ends_sessions:
            headers = fresh_session(service, caller)
            if case.path_parameters:
                case.path_parameters.update(session_id=claims_of(headers)["sid"])
        answer = case.call(base_url=service.base, headers=headers)
        statuses[answer.status_code] += 1
        try:
            case.validate_response(answer, headers=headers, excluded_checks=excluded(case, answer))
        except FailureGroup as group:
            failures.extend(
                f"{operation.id} as {caller.role}: {one}\n  {case.as_curl_command()}" for one in group.exceptions
            )
        return answer

    for operation, caller, described in pairs:
        who = f"{operation.id} as {caller.role}"
        if operation.id in apart:
            told = service.request(operation, caller.headers, caller.known)
            status, text = told.status, told.body.decode(errors="replace")
        else:
            answer = call(operation, caller, right_case(service, operation, caller, described))
            status, text = answer.status_code, answer.content.decode(errors="replace")
        assert 200 <= status < 300, f"{who}: {status} {text}"
        # API3: no password hash, and no data of an unrelated account.
        assert not re.search(r"\$argon2|\$2[aby]\$|hashed_password", text), who
        if operation.id not in service.contract.shows_everybody:
            assert [secret for secret in bystander if secret in text] == [], who
    pairs = [pair for pair in pairs if pair[0].id not in apart]

    def counted() -> int:
        return sum(number for status, number in statuses.items() if status not in NOT_COUNTED)

    wanted = COUNTED_CASES if whole else 2 * len(pairs)
    for number in range(ROUNDS):
        for operation, caller, described in pairs:
            for strategy in strategies(service, operation, caller, described):
                fuzz(strategy, EXAMPLES if whole else 1, number, partial(call, operation, caller))
        if counted() >= wanted:
            break
    assert failures == [], f"{len(failures)} failures:\n" + "\n".join(sorted(set(failures))[:40])
    assert [status for status in statuses if status >= 500] == []
    assert counted() >= wanted, statuses


def is_stream(service: Service, operation: Operation, caller: Caller) -> bool:
    if operation.method != "GET":
        return False
    return service.request(operation, caller.headers, caller.known).headers.get("content-type", "").startswith(EVENTS)


def strategies(service: Service, operation: Operation, caller: Caller, described: Any) -> Iterator[Any]:
    """Yield strategies for valid requests, and for invalid ones if the operation has any input."""
    path = service.samples(operation, "path", caller.known)
    yield described.as_strategy(path_parameters=path or None)
    if operation.body or len(operation.parameters) > len(path):
        yield described.as_strategy(GenerationMode.NEGATIVE, path_parameters=path or None)
    elif path:
        yield described.as_strategy(GenerationMode.NEGATIVE)


def fuzz(strategy: Any, examples: int, number: int, call: Callable[[Any], Any]) -> None:
    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def run(case: Any) -> None:
        call(case)

    run()


def right_case(service: Service, operation: Operation, caller: Caller, described: Any) -> Any:
    places = {"path_parameters": "path", "query": "query", "headers": "header"}
    options: dict[str, Any] = {name: service.samples(operation, place, caller.known) for name, place in places.items()}
    if operation.body is not None:
        fresh = service.contract.fresh.get(operation.id)
        used_up = fresh(service.database) if fresh else {}
        known = {**caller.known, **credentials(service), **used_up}
        options |= {"body": service.right_body(operation, known), "media_type": operation.media_type}
    return described.Case(**options)


def is_padded(value: Any) -> bool:
    """Return whether any text in the value starts or ends with white space."""
    match value:
        case str():
            return value != value.strip()
        case dict():
            return any(map(is_padded, value.values()))
        case list():
            return any(map(is_padded, value))
    return False


def excluded(case: Any, answer: Any) -> list[Any]:
    """Return the checks that do not apply to an answer, because an OpenAPI document cannot express the rule."""
    problem = answer.json() if answer.headers.get("content-type") == ["application/problem+json"] else {}
    wrong = problem.get("errors", [])
    reasons = {
        # Lines are stripped before their length is checked.
        "negative_data_rejection": is_padded(case.body),
        # A cursor or ETag must have been issued by the service; to the document it is any text.
        "positive_data_acceptance": problem.get("code") in GIVEN_OUT
        or (wrong and not any(error["type"] in IN_A_SCHEMA for error in wrong))
        # The document does not describe the content of a file.
        or (answer.status_code == 415 and case.media_type == MULTIPART),
    }
    checks: Any = CHECKS
    return [checks.get_one(name) for name, applies in reasons.items() if applies]
