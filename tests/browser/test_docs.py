import httpx2
from people import people
from playwright.sync_api import Page

from ondol.db.session import SyncDatabase

PASSWORD = "correct horse battery"


def test_authorize_in_swagger_ui_logs_in(page: Page, base: str, database_url: str) -> None:
    """The button takes e-mail address and password, and the next request carries the token."""
    database = SyncDatabase(database_url)
    address = httpx2.get(f"{base}/api/v1/users/me", headers=people(database, 1)[0]).json()["email"]
    database.close()
    refused: list[str] = []
    page.on("requestfailed", lambda request: refused.append(request.url))
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    page.goto(f"{base}/docs")
    page.get_by_role("button", name="Authorize").first.click()
    page.locator("#oauth_username").fill(address)
    page.locator("#oauth_password").fill(PASSWORD)
    page.locator(".auth-btn-wrapper").get_by_role("button", name="Apply given OAuth2 credentials").click()
    page.locator(".auth-btn-wrapper").get_by_role("button", name="Remove authorization").wait_for()
    page.locator(".btn-done").click()

    operation = page.locator("#operations-users-users_me")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    with page.expect_response(lambda response: response.url.endswith("/users/me")) as answered:
        operation.get_by_role("button", name="Execute").click()
    assert answered.value.status == 200
    assert answered.value.json()["email"] == address
    operation.locator(".live-responses-table", has_text=address).wait_for()
    assert refused == []  # nothing was fetched from elsewhere, nothing broke the content security policy


def test_a_link_in_the_mailbox_confirms_a_registration(page: Page, base: str, mailed_registration: str) -> None:
    broken: list[str] = []
    page.on("console", lambda message: broken.append(message.text) if message.type == "error" else None)
    page.goto(f"{base}/")
    page.get_by_role("link", name="/dev/mailbox").click()
    page.locator("article", has_text=mailed_registration).get_by_role("link").click()
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=full_name]").fill("지우")
    page.get_by_role("button").click()
    page.locator("#answer", has_text="201").wait_for()
    assert mailed_registration in page.locator("#answer").inner_text()
    assert broken == []
