"""Creates accounts for tests, many at once."""

import os
import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import cache
from uuid import UUID

from ondol.auth.options import AuthSettings
from ondol.auth.passwords import PasswordHasher
from ondol.auth.tokens import tokens_for
from ondol.db.session import SyncDatabase
from ondol.keys import digest, new_token
from ondol.testing.contract import PASSWORD

from app.models import LoginSession, MailedToken, User
from app.models.mailed_tokens import Purpose
from app.scopes import SCOPES_OF, Role


@cache
def hashed_password() -> str:
    """Return the hash of PASSWORD, cached because hashing is slow."""
    return PasswordHasher().hash_now(PASSWORD)


def people(
    database: SyncDatabase,
    number: int,
    role: Role = Role.CUSTOMER,
    *,
    auth: AuthSettings | None = None,
    scopes: frozenset[str] | None = None,
) -> list[dict[str, str]]:
    """Create `number` accounts with a session each and the password PASSWORD; return their request headers.

    `auth`: the settings of the service under test, by default those of development. `scopes`: by default all scopes of
    the role.
    """
    tokens = tokens_for(auth or AuthSettings())
    hashed = hashed_password()
    expires = datetime.now(UTC) + timedelta(days=1)
    with database.transaction() as session:
        users = [
            User(email=f"{role}{i}-{os.urandom(4).hex()}@example.com", full_name="n", hashed_password=hashed, role=role)
            for i in range(number)
        ]
        session.add_all(users)
        session.flush()
        scopes = frozenset(SCOPES_OF[role]) if scopes is None else scopes
        sessions = [LoginSession(user_id=user.id, scopes=" ".join(scopes), expires_at=expires) for user in users]
        session.add_all(sessions)
        session.flush()
        pairs: list[tuple[UUID, UUID]] = [(user.id, own.id) for user, own in zip(users, sessions, strict=True)]
    return [
        {"Authorization": f"Bearer {tokens.issue(user_id=user, session_id=own, scopes=scopes)}"} for user, own in pairs
    ]


def mailed_token(database: SyncDatabase, purpose: Purpose) -> str:
    """Return a mailed token for a new address or account."""
    token, expires_at = new_token(), datetime.now(UTC) + timedelta(minutes=5)
    email = f"{os.urandom(6).hex()}@example.com"
    asked = MailedToken(purpose=purpose, email=email, digest=digest(token), expires_at=expires_at)
    with database.transaction() as session:
        if purpose != "registration":
            user = User(email=email, full_name="n", hashed_password=hashed_password())
            session.add(user)
            session.flush()
            asked.user_id = user.id
        if purpose == "email_change":  # email_change
            asked.email = f"new-{email}"  # email_change
        session.add(asked)
    return token


def fresh_token(database: SyncDatabase, purpose: Purpose) -> dict[str, str]:
    """Return the body field `token` with an unused mailed token."""
    return {"token": mailed_token(database, purpose)}


def code_in(message: EmailMessage) -> str:
    """Return the token in a mail."""
    body = message.get_body(("plain",))
    found = re.search(r"#token=(\S+)", body.get_content() if body else "")
    assert found
    return found[1]
