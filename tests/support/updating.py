"""Steps of a user around `ondol update`: git, uv, edits."""

import os
import shutil
import subprocess
import sys
from pathlib import Path


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=n@example.com"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def ondol(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "ondol.cli", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def replace(folder: Path, name: str, old: str, new: str) -> None:
    file = folder / name
    text = file.read_text()
    assert old in text, (name, old)
    file.write_text(text.replace(old, new))


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", message)


def built(source: Path, folder: Path) -> Path:
    uv(source, "build", "--quiet", "--wheel", "--out-dir", str(folder))
    [wheel] = folder.glob("*.whl")
    return wheel


def exchange_wheel(project: Path, old: Path, new: Path) -> None:
    """Replace the project's Ondol with the next version, and commit."""
    shutil.copy(new, project / "vendor")
    (project / "vendor" / old.name).unlink()
    replace(project, "pyproject.toml", old.name, new.name)
    uv(project, "sync", "--quiet")
    commit(project, "the next Ondol")


def update(project: Path) -> "subprocess.CompletedProcess[str]":
    """Run `ondol update` with the project's own Ondol."""
    command = ["uv", "run", "ondol", "update"]
    return subprocess.run(command, cwd=project, env=clean(), capture_output=True, text=True, timeout=120)


def conflicts(project: Path) -> list[str]:
    return git(project, "diff", "--name-only", "--diff-filter=U").splitlines()


def clean() -> dict[str, str]:
    """Return an environment without a project or a test run."""
    ours = ("VIRTUAL_ENV", "PYTHONPATH", "ONDOL_TEST_STATE", "ONDOL_TEST_HOLDER")
    return {name: value for name, value in os.environ.items() if name not in ours}


def uv(folder: Path, *arguments: str, typed: str | None = None) -> str:
    """Return the output of a command of uv. `typed`: its input."""
    finished = subprocess.run(
        ["uv", *arguments], cwd=folder, env=clean(), input=typed, capture_output=True, text=True, timeout=300
    )
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    return finished.stdout
