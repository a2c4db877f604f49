"""The caller: the account that makes a request, and what it may do."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from ondol.errors import Forbidden
from ondol.ownership import EVERYBODY, Owner


class InsufficientScope(Forbidden):
    """RFC 6750, section 3.1."""

    code = "insufficient_scope"
    detail = "Your account or token does not have the required scopes."


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated account in one login session. `scopes`: those of the token that the account still has."""

    user_id: UUID
    session_id: UUID
    scopes: frozenset[str]

    def refusal(self, scopes: Iterable[str]) -> InsufficientScope | None:
        """Return what to raise if not all of `scopes` are held."""
        missing = sorted(set(scopes) - self.scopes)
        challenge = f'Bearer error="insufficient_scope", scope="{" ".join(missing)}"'
        return InsufficientScope(headers={"WWW-Authenticate": challenge}, missing=missing) if missing else None

    def owner(self, scope_for_all: str) -> Owner:
        """Return whose rows the caller may use: everybody's with `scope_for_all`, else their own."""
        return EVERYBODY if scope_for_all in self.scopes else self.user_id
