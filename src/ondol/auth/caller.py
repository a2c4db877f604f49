"""The caller: the account that makes a request, and its scopes.

Use it to authorise a request and to select the rows that it may see.

    from uuid import UUID
    from ondol.auth.caller import Caller
    caller = Caller(user_id=UUID(int=7), session_id=UUID(int=8), scopes=frozenset({"orders:read"}))
    assert caller.refusal(["orders:write"]).members == {"missing": ["orders:write"]}
    assert caller.owner("orders:all") == UUID(int=7)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from ondol.errors import Forbidden
from ondol.ownership import EVERYBODY, Owner


class InsufficientScope(Forbidden):
    """The token lacks a required scope (RFC 6750, section 3.1)."""

    code = "insufficient_scope"
    detail = "Your account or token does not have the required scopes."


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated account in one login session. `scopes`: the token's scopes that the account still has."""

    user_id: UUID
    session_id: UUID
    scopes: frozenset[str]

    def refusal(self, scopes: Iterable[str]) -> InsufficientScope | None:
        """Return the error to raise if the caller lacks one of `scopes`."""
        missing = sorted(set(scopes) - self.scopes)
        challenge = f'Bearer error="insufficient_scope", scope="{" ".join(missing)}"'
        return InsufficientScope(headers={"WWW-Authenticate": challenge}, missing=missing) if missing else None

    def owner(self, scope_for_all: str) -> Owner:
        """Return the owner of the rows that the caller may use: EVERYBODY with `scope_for_all`, else the caller."""
        return EVERYBODY if scope_for_all in self.scopes else self.user_id
