"""People with accounts, many at once."""

import os
from datetime import UTC, datetime, timedelta
from uuid import UUID

from ondol.auth.passwords import PasswordHasher
from ondol.auth.tokens import AccessTokens
from ondol.db.session import SyncDatabase
from ondol.settings import AuthSettings

from app.models import User, UserSession
from app.scopes import SCOPES_OF, Role
from operations import PASSWORD


def people(
    database: SyncDatabase, number: int, role: Role = Role.CUSTOMER, *, auth: AuthSettings | None = None
) -> list[dict[str, str]]:
    """`number` accounts with a session each and the password PASSWORD; their request headers.

    The password is hashed once: a thousand times would take the better part of a minute. `auth`: the
    settings of the service under test, by default those of development.
    """
    auth = auth or AuthSettings()
    tokens = AccessTokens(
        auth.secret_key.get_secret_value(),
        issuer=auth.issuer,
        audience=auth.audience,
        lifetime_seconds=auth.access_token_seconds,
    )
    hashed = PasswordHasher().hash_now(PASSWORD)
    expires = datetime.now(UTC) + timedelta(days=1)
    with database.transaction() as session:
        users = [
            User(email=f"{role}{i}-{os.urandom(4).hex()}@example.com", full_name="n", hashed_password=hashed, role=role)
            for i in range(number)
        ]
        session.add_all(users)
        session.flush()
        scopes = frozenset(SCOPES_OF[role])
        sessions = [UserSession(user_id=user.id, scopes=" ".join(scopes), expires_at=expires) for user in users]
        session.add_all(sessions)
        session.flush()
        pairs: list[tuple[UUID, UUID]] = [(user.id, own.id) for user, own in zip(users, sessions, strict=True)]
    return [
        {"Authorization": f"Bearer {tokens.issue(user_id=user, session_id=own, scopes=scopes)}"} for user, own in pairs
    ]
