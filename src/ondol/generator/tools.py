"""The programs that commands on projects need: uv, ruff, git."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from ondol.project import ProjectError


def uv_program() -> str:
    """Return the path of uv. Raises ProjectError if it is missing."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        raise ProjectError("uv is not installed. Install it: https://docs.astral.sh/uv/.")
    return uv


def run(folder: Path, *command: str, **environment: str) -> str:
    """Run a tool in `folder` and return its output. Raises ProjectError with the end of its error output."""
    finished = attempt(folder, *command, **environment)
    if finished.returncode != 0:
        said = (finished.stderr.strip() or finished.stdout.strip())[-1_500:]
        raise ProjectError(f"`{' '.join(command[:3])}` failed: {said}")
    return finished.stdout.strip()


def attempt(folder: Path, *command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a tool that may fail. `environment` is added to this process's."""
    return subprocess.run(
        command, cwd=folder, env=_clean() | environment, capture_output=True, encoding="utf-8", check=False
    )


def ruff_program() -> str:
    """Return the path of ruff, preferably this environment's. Raises ProjectError if it is missing."""
    ruff = shutil.which("ruff", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if ruff is None:
        raise ProjectError("ruff is not installed. `uv sync` installs it with the group `dev`.")
    return ruff


def git_program() -> str:
    """Return the path of git. Raises ProjectError if it is missing."""
    git = shutil.which("git")
    if git is None:
        raise ProjectError("git is not installed. Install it.")
    return git


def identity(folder: Path) -> dict[str, str]:
    """Return git's environment variables for the committer: none if git knows one, else Ondol."""
    if attempt(folder, "git", "var", "GIT_AUTHOR_IDENT").returncode == 0:
        return {}
    who = {"NAME": "Ondol", "EMAIL": "ondol@localhost"}
    return {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in who.items()}


def _clean() -> dict[str, str]:
    """Return the environment without the variables that tie a command to another project or repository."""
    ours = ("VIRTUAL_ENV", "UV_PROJECT", "UV_PROJECT_ENVIRONMENT", "UV_RUN_RECURSION_DEPTH", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if name not in ours and not name.startswith("GIT_")}
