import json
import urllib.request

from playwright.sync_api import Page

ACCOUNT = {"email": "jiwoo@example.com", "password": "correct horse battery", "full_name": "김지우"}


def register(base: str) -> None:
    request = urllib.request.Request(
        f"{base}/api/v1/auth/register",
        data=json.dumps(ACCOUNT).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201


def test_authorize_in_swagger_ui_logs_in(page: Page, base: str) -> None:
    """The button takes e-mail address and password, and the next request carries the token."""
    register(base)
    refused: list[str] = []
    page.on("requestfailed", lambda request: refused.append(request.url))
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    page.goto(f"{base}/docs")
    page.get_by_role("button", name="Authorize").first.click()
    page.locator("#oauth_username").fill(ACCOUNT["email"])
    page.locator("#oauth_password").fill(ACCOUNT["password"])
    page.locator(".auth-btn-wrapper").get_by_role("button", name="Apply given OAuth2 credentials").click()
    page.locator(".auth-btn-wrapper").get_by_role("button", name="Remove authorization").wait_for()
    page.locator(".btn-done").click()

    operation = page.locator("#operations-users-users_me")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    with page.expect_response(lambda response: response.url.endswith("/users/me")) as answered:
        operation.get_by_role("button", name="Execute").click()
    assert answered.value.status == 200
    assert answered.value.json()["email"] == ACCOUNT["email"]
    operation.locator(".live-responses-table", has_text="jiwoo@example.com").wait_for()
    assert refused == []  # nothing was fetched from elsewhere, nothing broke the content security policy


def test_redoc_shows_the_operations(page: Page, base: str) -> None:
    refused: list[str] = []
    page.on("requestfailed", lambda request: refused.append(request.url))
    page.goto(f"{base}/redoc")
    page.get_by_role("heading", name="Ondol starter").wait_for()
    page.get_by_text("Order several products").first.wait_for()
    assert refused == []
