"""Tests that every service must pass, for each operation of its OpenAPI document and each of its resources.

A project has one file for them, tests/test_contract.py, with the facts that the document does not contain:

    from ondol.testing.contract import Contract

    CONTRACT = Contract(factories=FACTORIES, scopes_of=SCOPES_OF, …)

A new operation or resource is tested in the next run. A test that does not fit a project is disabled in
pyproject.toml, with a reason:

    [tool.ondol.contract]
    test_head_is_answered_where_get_is = "The proxy answers HEAD."

The tests use HTTP, like clients that do not know the code. Each check names its source: ASVS is OWASP ASVS 5.0; API1 to
API10 are the OWASP API Security Top 10 of 2023.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ondol.db.session import SyncDatabase
from ondol.testing.factory import Factory

PASSWORD = "correct horse battery"
ME, AUTH = "/api/v1/users/me", "/api/v1/auth"
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
MAX_ANSWER = 4096
"""The most bytes that the body of an error response may have."""


class People(Protocol):
    """Creates `number` accounts with the password PASSWORD and a login session each; returns their request headers."""

    def __call__(
        self, database: SyncDatabase, number: int, role: Any, *, scopes: frozenset[str] | None = None
    ) -> list[dict[str, str]]: ...


@dataclass(frozen=True)
class Contract:
    """The facts about a project. `scopes_of`: the scopes of each role. `customer`, `administrator`: two of these roles.

    By operationId: `fresh` creates body fields that can be used once, such as a mailed token; `fields` are values that
    a schema cannot describe, such as a picture; `ends_sessions` are operations that log their caller out;
    `shows_everybody` are operations that show other people's data to every permitted caller; `signed` creates the
    headers that authenticate a body, for a webhook.

    `production`: settings that the project requires in production in addition to the library's.
    """

    factories: Sequence[Factory]
    scopes_of: Mapping[Any, frozenset[Any]]
    customer: Any
    administrator: Any
    people: People
    fresh: Mapping[str, Callable[[SyncDatabase], dict[str, str]]] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, str | bytes]] = field(default_factory=dict)
    ends_sessions: frozenset[str] = frozenset()
    shows_everybody: frozenset[str] = frozenset()
    signed: Mapping[str, Callable[[bytes], dict[str, str]]] = field(default_factory=dict)
    production: Mapping[str, str] = field(default_factory=dict)
