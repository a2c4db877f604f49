"""docs/en/start/tutorial.md works: every command runs and every change is made, in order."""

import re
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
from updating import clean

from ondol.dev.ports import free_port
from ondol.testing.processes import wait_until_ready

REPOSITORY = Path(__file__).resolve().parents[1]
TUTORIAL = REPOSITORY / "docs" / "en" / "start" / "tutorial.md"
BLOCK = re.compile(r"^```(bash background|bash|diff)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(file: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(file.read_text())


def change(project: Path, diff: str) -> None:
    """Apply a diff like a person: find the lines wherever they are, and write the new ones."""
    head, *lines = diff.splitlines()
    file = project / lines[0].removeprefix("+++ b/")
    body = lines[2:]
    new = "\n".join(line[1:] for line in body if line[:1] in ("+", " ", "")) + "\n"
    if head == "--- /dev/null":
        file.write_text(new)
        return
    old = "\n".join(line[1:] for line in body if line[:1] in ("-", " ", "")) + "\n"
    text = file.read_text()
    assert text.count(old) == 1, old
    file.write_text(text.replace(old, new))


@pytest.mark.whole
def test_the_tutorial(tmp_path: Path) -> None:
    project, port = tmp_path / "bookshop", str(free_port())
    environment = clean()
    identity = {f"GIT_{who}_{part}": "n@example.com" for who in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    folder = REPOSITORY
    with ExitStack() as stack:
        for kind, written in blocks(TUTORIAL):
            text = written.replace("../bookshop", str(project)).replace("8000", port)
            if kind == "diff":
                change(project, text)
            elif kind == "bash":
                command = ["bash", "-euo", "pipefail", "-c", text]
                done = subprocess.run(
                    command, cwd=folder, env=environment | identity, capture_output=True, text=True, timeout=300
                )
                assert done.returncode == 0, text + done.stdout[-3_000:] + done.stderr[-3_000:]
            else:
                log = tmp_path / "dev.log"
                output = stack.enter_context(log.open("w"))
                served = text.strip() + f" --port {port}"
                process = stack.enter_context(
                    subprocess.Popen(
                        ["bash", "-c", f"exec {served}"],
                        cwd=folder,
                        env=environment,
                        stdout=output,
                        stderr=subprocess.STDOUT,
                    )
                )
                stack.callback(process.terminate)
                wait_until_ready(f"http://127.0.0.1:{port}", process, log)
            folder = project if project.exists() else folder


def test_both_languages_do_the_same() -> None:
    assert blocks(TUTORIAL) == blocks(REPOSITORY / "docs" / "ko" / "start" / "tutorial.md")
