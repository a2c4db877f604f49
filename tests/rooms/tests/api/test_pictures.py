from typing import Any

import pytest
from fastapi.testclient import TestClient
from ondol.testing.factory import Maker

from app.services.pictures import MAX_BYTES
from factories.rooms import ROOMS

PNG, JPEG = b"\x89PNG\r\n\x1a\n and more", b"\xff\xd8\xff and more"


@pytest.fixture
def url(make: Maker) -> str:
    return f"{ROOMS.url}/{make(ROOMS)['id']}/picture"


def test_a_rooms_picture_is_shown_to_anybody_until_it_has_another(client: TestClient, admin: Any, url: str) -> None:
    for content, media_type in ((PNG, "image/png"), (JPEG, "image/jpeg")):
        put = client.put(url, files={"file": ("x", content, "text/plain")}, headers=admin.headers)
        assert put.status_code == 204, put.text
        shown = client.get(url)
        assert (shown.content, shown.headers["content-type"]) == (content, media_type)
        assert shown.headers["Cache-Control"] == "public, max-age=60"
    assert client.delete(url.removesuffix("/picture"), headers=admin.headers).status_code == 204
    assert client.get(url).json()["code"] == "picture_not_found"


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"<svg onload='alert(1)'>", 415, "unknown_picture"),
        (b"", 415, "unknown_picture"),
        (PNG + bytes(MAX_BYTES), 413, "content_too_large"),
        (PNG + bytes(1_500_000), 204, None),
    ],
)
def test_what_is_taken(client: TestClient, admin: Any, url: str, content: bytes, status: int, code: str | None) -> None:
    answer = client.put(url, files={"file": ("x.png", content, "image/png")}, headers=admin.headers)
    assert answer.status_code == status
    assert code is None or answer.json()["code"] == code


def test_a_room_that_does_not_exist(client: TestClient, admin: Any) -> None:
    url = f"{ROOMS.url}/01900000-0000-7000-8000-000000000001/picture"
    assert client.get(url).json()["code"] == "picture_not_found"
    assert client.put(url, files={"file": ("x.png", PNG)}, headers=admin.headers).json()["code"] == "room_not_found"
