"""examples/uploads.py with a folder and with memory as its store."""

from collections.abc import AsyncIterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from fastapi.testclient import TestClient
from obstore.store import LocalStore, MemoryStore, from_url

from examples import uploads

PNG = b"\x89PNG\r\n\x1a\n and more"


@pytest.fixture(params=["folder", "memory"])
def client(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    store = LocalStore(tmp_path) if request.param == "folder" else MemoryStore()
    monkeypatch.setattr(uploads, "store", store)
    return TestClient(uploads.app)


@pytest.mark.parametrize(
    ("content", "extension", "media_type"),
    [
        (PNG, "png", "image/png"),
        (b"\xff\xd8\xff and more", "jpg", "image/jpeg"),
        (b"%PDF-1.7" + bytes(12_000_000), "pdf", "application/pdf"),
    ],
)
def test_a_file_comes_back_with_the_type_of_its_content(
    client: TestClient, content: bytes, extension: str, media_type: str
) -> None:
    made = client.post("/files", files={"file": ("../../etc/passwd", content, "text/html")})
    assert made.status_code == 201, made.text
    url = made.json()["url"]
    assert url.endswith(f".{extension}")
    shown = client.get(url)
    assert (shown.content, shown.headers["Content-Type"]) == (content, media_type)
    assert (shown.headers["Content-Disposition"], shown.headers["X-Content-Type-Options"]) == ("attachment", "nosniff")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"<svg onload='alert(1)'>", 415, "unknown_kind"),
        (b"", 415, "unknown_kind"),
        (PNG + bytes(uploads.MAX_BYTES), 413, "content_too_large"),
    ],
)
def test_what_is_refused(client: TestClient, tmp_path: Path, content: bytes, status: int, code: str) -> None:
    refused = client.post("/files", files={"file": ("x.png", content, "image/png")})
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [f"{'0' * 36}.png", "..%2Fsecret.png", "x.html"])
def test_other_names_are_not_served(client: TestClient, name: str) -> None:
    assert client.get(f"/files/{name}").status_code in (404, 422)


def test_s3_is_a_url_and_the_variables_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[tuple[str, str]] = []

    class Bucket(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            received.append((self.path, self.headers["Authorization"]))
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("ETag", "1")
            self.send_header("Content-Length", "0")
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Bucket) as server:
        Thread(target=server.serve_forever).start()
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_REGION", "ap-northeast-2")
        monkeypatch.setenv("AWS_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
        from_url("s3://bucket/uploads").put("x.png", PNG)
        server.shutdown()
    [(path, authorization)] = received
    assert path == "/bucket/uploads/x.png"
    assert "Credential=key/" in authorization
    assert "/ap-northeast-2/s3/" in authorization


async def test_a_stream_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)

    async def broken() -> AsyncIterator[bytes]:
        yield bytes(6_000_000)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await store.put_async("x.png", broken(), chunk_size=5_000_000)
    assert not (tmp_path / "x.png").exists()
