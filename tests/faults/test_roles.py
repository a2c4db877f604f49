"""The service runs as a role that cannot alter tables, set up as in docs/en/how-to/deploy.md."""

import re
from pathlib import Path

import httpx2
import psycopg
import pytest
from production_rig import PASSWORD, Production
from steady_load import Load

from ondol.testing.waiting import eventually

pytestmark = pytest.mark.whole

PAGE = Path(__file__).resolve().parents[2] / "docs" / "en" / "how-to" / "deploy.md"


def test_the_service_works_as_a_role_that_cannot_alter_tables(prod: Production) -> None:
    [block] = [text for text in re.findall(r"^```sql\n(.*?)^```$", PAGE.read_text(), re.M | re.S) if "shop_web" in text]
    with psycopg.connect(prod.postgres.url("shop"), autocommit=True) as connection:
        connection.execute(block.replace("'PASSWORD'", f"'{PASSWORD}'"))
    url = prod.database_url.replace("//shop:", "//shop_web:")
    with prod.web("roles", DATABASE_URL=url) as web, prod.worker("roles-worker", DATABASE_URL=url):
        with Load(prod, [web.base], clients=4).running() as outcome:
            eventually(lambda: len(outcome.acknowledged) > 20, 60)
            eventually(lambda: bool(prod.logged("orders.send_receipt")), 30)
        assert httpx2.get(f"{web.base}/health/ready").json()["status"] == "ok"
    assert (outcome.broken, outcome.unexpected) == ({}, [])
    assert prod.logged("unhandled_error") == []
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in ("ALTER TABLE users ADD COLUMN x int", "DROP TABLE users", "CREATE TABLE mine (n int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
    # The role can use tables of later migrations too.
    with psycopg.connect(prod.database_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE later (n serial PRIMARY KEY)")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO later DEFAULT VALUES")
