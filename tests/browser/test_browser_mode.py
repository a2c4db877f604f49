"""The page's code in docs/en/how-to/browser-and-cors.md, on a page of the service's origin."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from people import people
from playwright.sync_api import Page

from ondol.db.session import SyncDatabase
from ondol.testing.processes import web_servers

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "en" / "how-to" / "browser-and-cors.md"
PASSWORD = "correct horse battery"


@pytest.fixture
def base(database_url: str, redis_url: str, project_folder: Path, tmp_path: Path) -> Iterator[str]:
    servers = {"ENVIRONMENT": "test", "DATABASE_URL": database_url, "REDIS_URL": redis_url}
    with web_servers(1, project_folder, {**servers, "AUTH__COOKIES": "true"}, tmp_path) as [base]:
        yield base


def test_the_page_logs_in_writes_and_refreshes(page: Page, base: str, database_url: str) -> None:
    database = SyncDatabase(database_url)
    address = httpx2.get(f"{base}/api/v1/users/me", headers=people(database, 1)[0]).json()["email"]
    database.close()
    [code] = re.findall(r"```js\n// api\.js\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    html = f"<!doctype html><script>{code}</script>"
    page.route(f"{base}/page", lambda route: route.fulfill(content_type="text/html", body=html))
    page.goto(f"{base}/page")

    def status(call: str) -> object:
        return page.evaluate(f"{call}.then(answer => answer.status)")

    assert status(f"logIn('{address}', '{PASSWORD}')") == 200
    cookies = {cookie["name"] for cookie in page.context.cookies()}
    assert cookies == {"__Host-access", "__Host-refresh", "__Host-device"}
    assert page.evaluate("document.cookie") == ""
    assert status("call('PATCH', '/users/me', { full_name: '지우' })") == 200
    assert status("fetch('/api/v1/users/me', { method: 'PATCH' })") == 403  # without the header
    page.context.clear_cookies(name="__Host-access")
    both = "Promise.all([1, 2].map(() => call('GET', '/users/me'))).then(all => all.map(answer => answer.status))"
    assert page.evaluate(both) == [200, 200]
    assert status("call('POST', '/auth/logout')") == 204
    assert status("call('GET', '/users/me')") == 401
