"""The scripts in examples/scripts, on the starter's database."""

from app.models import User

from examples.scripts.accounts import count_accounts
from ondol.db.session import SyncDatabase


def test_accounts_are_counted_by_role(database: SyncDatabase) -> None:
    with database.transaction() as session:
        for number, role in enumerate(("customer", "customer", "admin")):
            session.add(User(email=f"{number}@example.com", full_name="n", hashed_password="-", role=role))
    assert count_accounts(database) == {"customer": 2, "admin": 1}
