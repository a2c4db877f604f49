"""`ondol docs` lists the pages and shows one."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import ondol
from ondol.cli.main import app

PAGES = Path(__file__).resolve().parents[1] / "docs"


def docs(*arguments: str, **environment: str) -> str:
    shown = CliRunner().invoke(
        app, ["docs", *arguments], env={"COLUMNS": "200", "LC_ALL": "", "LANG": "", **environment}
    )
    assert shown.exit_code == 0, shown.output
    return shown.output


def test_it_lists_every_page_with_its_title() -> None:
    shown = docs()
    for page in (PAGES / "en").rglob("*.md"):
        assert page.relative_to(PAGES / "en").with_suffix("").as_posix() in shown
        assert page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ") in shown


@pytest.mark.parametrize("name", ["how-to/deploy", "deploy", "how-to/deploy.md"])
def test_it_shows_a_page_as_it_is(name: str) -> None:
    assert docs(name) == (PAGES / "en" / "how-to" / "deploy.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "environment", "language"),
    [
        (["--lang", "ko"], {"LANG": "en_US.UTF-8"}, "ko"),
        (["--lang", "en"], {"LANG": "ko_KR.UTF-8"}, "en"),
        ([], {"LANG": "ko_KR.UTF-8"}, "ko"),
        ([], {"LC_ALL": "en_US.UTF-8", "LANG": "ko_KR.UTF-8"}, "en"),
        ([], {"LANG": "C.UTF-8"}, "en"),
    ],
)
def test_the_language_is_the_readers(arguments: list[str], environment: dict[str, str], language: str) -> None:
    page = PAGES / language / "how-to" / "runbook.md"
    assert docs("runbook", *arguments, **environment) == page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("deplyo", "Unknown page 'deplyo'. Use one of: how-to/deploy"),
        ("zzzz", "Unknown page 'zzzz'. `ondol docs` lists the pages."),
        ("../../README", "Unknown page '../../README'"),
    ],
)
def test_an_unknown_page_lists_close_names(name: str, said: str) -> None:
    refused = CliRunner().invoke(app, ["docs", name])
    assert refused.exit_code == 1
    assert said in refused.output


def test_a_name_of_several_pages_lists_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ondol, "__file__", str(tmp_path / "__init__.py"))  # as in the wheel, with the pages beside it
    for name in ("how-to/cache.md", "reference/cache.md"):
        page = tmp_path / "docs" / "en" / name
        page.parent.mkdir(parents=True)
        page.write_text(f"# {name}\n", encoding="utf-8")
    refused = CliRunner().invoke(app, ["docs", "cache", "--lang", "en"])
    assert "Several pages are called 'cache'. Use one of: how-to/cache, reference/cache." in refused.output
    assert docs("reference/cache") == "# reference/cache.md\n"


@pytest.mark.parametrize(("rows", "paged"), [("20", True), ("2000", False)])
def test_a_terminal_gets_a_rendered_page_and_a_pager_if_it_is_long(tmp_path: Path, rows: str, paged: bool) -> None:
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\necho PAGED\ncat\n")
    pager.chmod(0o755)
    master, slave = pty.openpty()
    environment = {"PAGER": str(pager), "LINES": rows, "COLUMNS": "100", "TERM": "xterm", "LANG": "", "LC_ALL": ""}
    process = subprocess.Popen(
        [sys.executable, "-m", "ondol.cli", "docs", "operations"],
        cwd=tmp_path, env={**os.environ, **environment}, stdin=slave, stdout=slave, stderr=slave,
    )  # fmt: skip
    os.close(slave)
    shown = b""
    try:
        while part := os.read(master, 65_536):
            shown += part
    except OSError:  # Linux: the other end is closed
        pass
    os.close(master)
    assert process.wait(timeout=30) == 0, shown
    assert (b"PAGED" in shown) is paged
    assert b"\x1b[" in shown
    assert b"When something breaks" in shown
    assert b"# When something breaks" not in shown
