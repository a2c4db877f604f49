"""Who makes a request, and what they may do."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from ondol.errors import Forbidden


class InsufficientScope(Forbidden):
    """RFC 6750, section 3.1."""

    code = "insufficient_scope"
    detail = "Your account or token does not have the scopes this needs."


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller. `scopes`: those of the token that the account still has."""

    user_id: UUID
    session_id: UUID
    scopes: frozenset[str]

    def require(self, scopes: Iterable[str]) -> None:
        """Raises InsufficientScope unless all of `scopes` are held."""
        missing = sorted(set(scopes) - self.scopes)
        if missing:
            challenge = f'Bearer error="insufficient_scope", scope="{" ".join(missing)}"'
            raise InsufficientScope(headers={"WWW-Authenticate": challenge}, missing=missing)
