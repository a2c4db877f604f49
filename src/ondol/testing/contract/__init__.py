"""What every service must stand: tests over each operation of its OpenAPI document and each of its resources.

A project has one file for them, tests/test_contract.py, which says what the tests cannot read in the document:

    from ondol.testing.contract import Contract

    CONTRACT = Contract(factories=FACTORIES, scopes_of=SCOPES_OF, …)

An operation or a resource that is added is tested with the next run. What does not fit a project is switched off in
pyproject.toml, a whole test with its reason:

    [tool.ondol.contract]
    test_head_is_answered_where_get_is = "The proxy answers HEAD."

The tests ask over HTTP, as clients that know nothing of the code. One line a check, with its reference: ASVS is OWASP's
5.0; API1 to API10 are OWASP's API Security Top 10 of 2023.
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
"""Bytes of a refusal."""


class People(Protocol):
    """Makes `number` accounts with the password PASSWORD and a login session each; returns their request headers."""

    def __call__(
        self, database: SyncDatabase, number: int, role: Any, *, scopes: frozenset[str] | None = None
    ) -> list[dict[str, str]]: ...


@dataclass(frozen=True)
class Contract:
    """`scopes_of`: the scopes of each role. `customer`, `administrator`: two of these roles.

    By operationId: `fresh` makes the fields of a body that one call uses up, such as a mailed token; `fields` are those
    that a schema cannot describe, such as a picture; `ends_sessions` are operations after which their caller is logged
    out; `shows_everybody` those that show other people's data to whoever may call them; `signed` makes the headers that
    prove who sends a body, for a webhook.

    `production`: settings that the project requires in production besides the library's.
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
