"""docs/*/explain/: numbers that stand in the code, and shares that stand in benchmarks/README.md."""

import re
from pathlib import Path

import pytest
from app.services.sessions import STATE_MEMORY_SECONDS, STATE_SECONDS

from ondol.auth.options import AuthSettings
from ondol.cache.cache import MAX_PENDING
from ondol.db.options import DatabaseSettings
from ondol.server.options import HttpSettings
from ondol.server.state import ServerOptions
from ondol.valkey.options import ValkeySettings

ROOT = Path(__file__).parents[1]
LANGUAGES = ["en", "ko"]
NUMBERS = {
    "request": [
        rf"{ServerOptions.max_head_bytes // 1024} KiB",
        rf"{ServerOptions.max_url_bytes // 1024} KiB",
        rf"{ServerOptions.receive_seconds:g} ?(seconds|초)",
        rf"`HTTP__TIMEOUT_SECONDS`, {HttpSettings().timeout_seconds:g}",
    ],
    "transaction": [
        rf"`DATABASE__COMMIT_TIMEOUT_SECONDS` ?\({DatabaseSettings().commit_timeout_seconds:g}",
        rf"`DATABASE__LOCK_TIMEOUT_SECONDS`, {DatabaseSettings().lock_timeout_seconds:g}",
    ],
    "sessions-and-tokens": [
        rf"{AuthSettings().session_seconds // 86_400} ?(days|일)",
        rf"(\b|미사용 ){AuthSettings().session_idle_seconds // 86_400} ?(unused|일)",
        rf"{AuthSettings().access_token_seconds // 60} ?(minutes|분)",
        rf"{STATE_MEMORY_SECONDS} ?(seconds|초)",
        rf"{STATE_SECONDS}",
    ],
    "cache": [rf"{ValkeySettings().timeout_seconds:g} ?(s|초)", rf"{MAX_PENDING:,}"],
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", NUMBERS)
def test_the_numbers_are_those_of_the_code(language: str, page: str) -> None:
    text = (ROOT / "docs" / language / "explain" / f"{page}.md").read_text(encoding="utf-8")
    assert [number for number in NUMBERS[page] if not re.search(number, text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_shares_are_those_of_the_benchmarks_table(language: str) -> None:
    table = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    text = (ROOT / "docs" / language / "explain" / "speed.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w[^|]*) \| (\d+%) \| (\d+%) \|$", text, re.MULTILINE)
    assert len(rows) >= 8
    for name, careful, starter in rows:
        columns = rf"^{re.escape(name)} +handwritten .*\n +careful +\d+ +(\d+%).*\n +starter +\d+ +(\d+%)"
        measured = re.search(columns, table, re.MULTILINE)
        assert measured is not None, name
        assert measured.groups() == (careful, starter), name
