"""A real browser: the system's Chromium, driven by Playwright. Run with `pytest tests/browser`."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from ondol.testing.processes import web_servers


@pytest.fixture(scope="session")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "Install Chromium: apt-get install chromium"
    return found


@pytest.fixture
def page(chromium: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        page = browser.new_page()
        page.set_default_timeout(15_000)
        yield page
        browser.close()


@pytest.fixture
def base(database_url: str, redis_url: str, project_folder: Path, tmp_path: Path) -> Iterator[str]:
    environment = {"ENVIRONMENT": "test", "DATABASE_URL": database_url, "REDIS_URL": redis_url}
    with web_servers(1, project_folder, environment, tmp_path) as [base]:
        yield base
