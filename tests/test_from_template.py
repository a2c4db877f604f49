"""The SQL in docs/en/how-to/from-full-stack-fastapi-template.md, on that template's tables."""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import bcrypt
import pytest
from app.factory import create_app
from app.settings import AppSettings
from fastapi.testclient import TestClient
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import text

from ondol.db.session import SyncDatabase
from ondol.settings.report import effective

PAGE = Path(__file__).resolve().parents[1] / "docs" / "en" / "how-to" / "from-full-stack-fastapi-template.md"
PASSWORD = "the old password"
THEIRS = """
CREATE TABLE "user" (
    email varchar(255) NOT NULL, is_active boolean NOT NULL, is_superuser boolean NOT NULL, full_name varchar(255),
    hashed_password varchar NOT NULL, id uuid NOT NULL PRIMARY KEY
);
CREATE TABLE item (
    description varchar(255), title varchar(255) NOT NULL, id uuid NOT NULL PRIMARY KEY,
    owner_id uuid NOT NULL REFERENCES "user" (id) ON DELETE CASCADE
);
-- As `ondol add resource item` makes it.
CREATE TABLE items (
    id uuid NOT NULL PRIMARY KEY, owner_id uuid NOT NULL REFERENCES users (id), title varchar(255) NOT NULL,
    description varchar(255), created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(), version integer NOT NULL
)
"""
ACCOUNTS = {
    "Bcrypt@Example.com": (bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(12)).decode(), "김지우", False),
    "argon2@example.com": (Argon2Hasher().hash(PASSWORD), None, True),
}


@pytest.fixture
def moved(database: SyncDatabase) -> Iterator[SyncDatabase]:
    with database.transaction() as session:
        session.execute(text(THEIRS))
        for email, (hashed, name, is_superuser) in ACCOUNTS.items():
            row = {"id": uuid4(), "email": email, "hash": hashed, "name": name, "superuser": is_superuser}
            session.execute(text('INSERT INTO "user" VALUES (:email, true, :superuser, :name, :hash, :id)'), row)
            session.execute(text("INSERT INTO item VALUES (NULL, 'a thing', :item, :id)"), {**row, "item": uuid4()})
    [sql] = re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)
    with database.transaction() as session:
        session.execute(text(sql))
    yield database
    with database.transaction() as session:
        session.execute(text("DROP TABLE items"))


def test_accounts_log_in_with_their_old_passwords(moved: SyncDatabase, database_url: str, redis_url: str) -> None:
    settings = AppSettings(environment="test", database_url=database_url, redis_url=redis_url)
    with TestClient(create_app(settings)) as client:
        for email, name, role in (
            ("bcrypt@example.com", "김지우", "customer"),
            ("argon2@example.com", "argon2", "admin"),
        ):
            form = {"username": email, "password": PASSWORD}
            answer = client.post("/api/v1/auth/token", data=form)
            assert answer.status_code == 200, answer.text
            headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
            me = client.get("/api/v1/users/me", headers=headers).json()
            assert (me["email"], me["full_name"], me["role"]) == (email, name, role)
            assert client.post("/api/v1/auth/token", data={**form, "password": "another"}).status_code == 401
    with moved.transaction() as session:
        hashes = session.scalars(text("SELECT hashed_password FROM users")).all()
        owned = session.scalars(text("SELECT title FROM items JOIN users ON users.id = owner_id")).all()
    assert all(each.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for each in hashes)
    assert owned == ["a thing"] * len(ACCOUNTS)


def test_the_settings_and_operations_of_the_page_exist() -> None:
    text = PAGE.read_text()
    settings = set(re.findall(r"`([A-Z]+__[A-Z_]+|DATABASE_URL)`", text))
    assert len(settings) > 5
    assert settings <= {setting.name for setting in effective(AppSettings())}
    ours = re.findall(r"(?:POST|GET) (/(?:auth|health)[\w/-]*)", text)
    paths = set(create_app(AppSettings()).openapi()["paths"])
    assert len(ours) > 5
    assert {path if path.startswith("/health") else f"/api/v1{path}" for path in ours} <= paths
