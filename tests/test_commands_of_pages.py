"""The commands in the documentation: `ondol` has their options, `pytest` finds their tests.

Others run elsewhere: the tutorial's in test_tutorial.py, the runbook's in test_runbook.py, the guide's in
tools/check-guide, the README's in tools/check-fresh-clone. Clouds, registries and clusters are not in CI.
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import blocks
from typer.testing import CliRunner

from ondol.cli.main import app

ROOT = Path(__file__).resolve().parents[1]
STARTER = ROOT / "starter"
# Both languages have the same blocks (test_docs.py). The reference is generated.
FOLDERS = [ROOT / "docs" / "en" / name for name in ("how-to", "explain")]
PAGES = [ROOT / "README.md", *(page for folder in FOLDERS for page in sorted(folder.glob("*.md")))]
INLINE = re.compile(r"`(?:uv run )?((?:ondol|pytest) [^`\n]+)`")


def commands(program: str) -> Iterator[list[str]]:
    """Yield the arguments of each command of a program."""
    for page in PAGES:
        lines = "".join(blocks(page, "bash")).replace("\\\n", " ").splitlines()
        for line in [*lines, *INLINE.findall(page.read_text())]:
            words = shlex.split(line, comments=True)
            if program in words and "…" not in line:
                arguments = words[words.index(program) + 1 :]
                yield arguments[: arguments.index("&&")] if "&&" in arguments else arguments


ONDOL = sorted({shlex.join(each) for each in commands("ondol")})
PYTEST = sorted({shlex.join(each) for each in commands("pytest")})


def test_commands_are_found() -> None:
    assert len(ONDOL) > 20
    assert len(PYTEST) > 10


@pytest.mark.parametrize("command", ONDOL)
def test_ondol_has_the_command_and_its_options(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(STARTER)
    # `--help` ends the command after its options were read.
    result = CliRunner().invoke(app, [*shlex.split(command), "--help"])
    assert result.exit_code == 0, result.output


@pytest.mark.whole
@pytest.mark.parametrize("command", PYTEST)
def test_pytest_finds_the_tests(command: str) -> None:
    arguments = shlex.split(command)
    paths = [each.partition("::")[0] for each in arguments if "/" in each]
    folder = ROOT if all((ROOT / path).exists() for path in paths) else STARTER
    assert all((folder / path).exists() for path in paths)
    if "-k" in arguments:
        found = subprocess.run(
            [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n0", *arguments],
            cwd=folder, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert found.returncode == 0, found.stdout
