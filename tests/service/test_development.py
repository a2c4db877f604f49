"""The pages of development: / and the mailbox, whose links work."""

import re
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient

from ondol.mail.mailer import Mailbox
from ondol.runtime import Runtime
from ondol.settings import Settings
from ondol.web.app import install

KOREAN = {"Accept-Language": "ko-KR"}


def test_the_home_page_shows_the_state_pages_logins_and_commands(client: TestClient) -> None:
    page = client.get("/")
    assert page.headers["Content-Language"] == "en"
    for part in (
        "The service is running",
        "PostgreSQL: <b>up</b>",
        'href="/docs"',
        "admin@example.com",
        "uv run pytest",
    ):
        assert part in page.text
    assert "서비스가 개발 모드로 실행 중입니다." in client.get("/", headers=KOREAN).text
    assert client.get("/dev/development.css").headers["Content-Type"].startswith("text/css")
    assert client.post("/").status_code == 404


def test_a_projects_own_home_page_takes_precedence(tmp_path: Path) -> None:
    app = FastAPI()
    install(app, Runtime(Settings(environment="test", project_folder=tmp_path)))

    @app.get("/")
    def home() -> str:
        return "ours"

    assert TestClient(app).get("/").json() == "ours"


def test_a_link_in_a_mail_leads_to_a_form_for_its_operation(client: TestClient, run_jobs: Callable[[], None]) -> None:
    client.post("/api/v1/auth/register", json={"email": "a@example.com"}, headers=KOREAN)
    run_jobs()
    page = client.get("/dev/mailbox").text
    assert "회원 가입을 완료해 주세요" in page
    [link] = re.findall(r'href="(/dev/links/confirm-registration)#token=[\w-]+"', page)
    form = client.get(link).text
    assert 'data-path="/api/v1/auth/register/confirm"' in form
    assert re.findall(r'name="(\w+)" required type="(\w+)"', form) == [
        ("token", "text"),
        ("password", "password"),
        ("full_name", "text"),
    ]
    for unknown in ("unknown", "create", "registration"):
        assert client.get(f"/dev/links/{unknown}").json()["code"] == "not_found"


def test_every_link_of_a_mail_has_a_form(client: TestClient, runtime: Runtime) -> None:
    mails = runtime.languages.section("en", "mails").values()
    links = {link for mail in mails for link in re.findall(r"{links}/([a-z-]+)#", mail["text"])}
    assert len(links) >= 3
    assert {client.get(f"/dev/links/{link}").status_code for link in links} == {200}


def test_mail_is_text_and_the_newest_is_first(client: TestClient, app: FastAPI) -> None:
    mailbox: Mailbox = app.state.runtime.mailer.mailbox
    assert "No mail yet." in client.get("/dev/mailbox").text
    for number, subject in enumerate(("first", "<b>second</b>")):
        message = EmailMessage()
        message["Subject"], message["To"] = subject, "a@example.com"
        message["Date"] = f"Thu, 26 Nov 2026 09:00:0{number} +0000"
        message.set_content("<script>alert(1)</script>")
        mailbox.keep(message)
    page = client.get("/dev/mailbox").text
    assert page.index("&lt;b&gt;second") < page.index("first")
    assert "2026-11-26 09:00:01 +0000" in page
    assert "<script>alert" not in page
