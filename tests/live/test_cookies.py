"""Cookies in browser mode, as browsers send them."""

import httpx2

from ondol.testing.contract import AUTH, ME
from ondol.testing.contract.fixtures import Rig
from ondol.testing.contract.test_browser_mode import ENVIRONMENT, OURS, form, page

__all__ = ["ENVIRONMENT", "form", "page"]


def test_only_the_exact_cookie_counts(rig: Rig, page: httpx2.Client) -> None:
    """A subdomain can set a cookie with a name that resembles a __Host- name (RFC 6265bis, section 5.7)."""
    own = str(page.headers["Cookie"])
    assert page.get(ME, headers={b"Cookie": f"\xa0__Host-access=forged; {own}".encode("latin-1")}).status_code == 200
    only = b"\xa0" + next(part for part in own.split("; ") if part.startswith("__Host-access")).encode()
    assert page.get(ME, headers={b"Cookie": only}).status_code == 401
    assert page.get(ME, headers={"Cookie": f"__host-access=forged; {own}"}).status_code == 200
    for name in ("__Host-access", "__Host-refresh"):
        path, method = {"__Host-access": (ME, "GET"), "__Host-refresh": (f"{AUTH}/refresh", "POST")}[name]
        answer = page.request(method, path, headers={"Cookie": f"{own}; {name}=forged", **OURS})
        assert (answer.status_code, answer.json()["code"]) == (400, "ambiguous_cookie")
