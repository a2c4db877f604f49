"""A real browser: the system's Chromium, driven by Playwright. Run with `pytest tests/browser`."""

import shutil
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from app.models import MailedToken
from app.models.mailed_tokens import Purpose
from people import mailed_token
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import select

from ondol.db.session import SyncDatabase
from ondol.mail.mailer import Mailbox
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
    environment["MAIL__FOLDER"] = str(tmp_path / "mailbox")
    with web_servers(1, project_folder, environment, tmp_path) as [base]:
        yield base


@pytest.fixture
def mailed_registration(base: str, database_url: str, tmp_path: Path) -> str:
    """Put the mail of a registration into the mailbox, and return its address."""
    database = SyncDatabase(database_url)
    token = mailed_token(database, Purpose.REGISTRATION)
    with database.transaction() as session:
        address = session.scalars(select(MailedToken.email)).one()
    database.close()
    message = EmailMessage()
    message["Subject"], message["To"], message["Date"] = "Confirm", address, "Thu, 26 Nov 2026 09:00:00 +0000"
    message.set_content(f"http://localhost:8000/confirm-registration#token={token}")
    Mailbox(tmp_path / "mailbox").keep(message)
    return address
