"""The programs that making a project needs: uv, ruff, git."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from ondol.project import ProjectError


def uv_program() -> str:
    """Raises ProjectError where there is none."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        raise ProjectError("uv is not installed: https://docs.astral.sh/uv/ says how.")
    return uv


def run(folder: Path, *command: str, **environment: str) -> str:
    """Runs a tool in `folder`; what it said. Raises ProjectError with the end of what it complained about."""
    finished = attempt(folder, *command, **environment)
    if finished.returncode != 0:
        said = (finished.stderr.strip() or finished.stdout.strip())[-1_500:]
        raise ProjectError(f"`{' '.join(command[:3])}` failed: {said}")
    return finished.stdout.strip()


def attempt(folder: Path, *command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Runs a tool that may fail; `environment` is added to ours."""
    return subprocess.run(
        command, cwd=folder, env=_clean() | environment, capture_output=True, encoding="utf-8", check=False
    )


def ruff_program() -> str:
    """That of the environment we run in, or another. Raises ProjectError where there is none."""
    ruff = shutil.which("ruff", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if ruff is None:
        raise ProjectError("ruff is not installed: `uv sync` brings it with the group `dev`.")
    return ruff


def git_program() -> str:
    """Raises ProjectError where there is none."""
    git = shutil.which("git")
    if git is None:
        raise ProjectError("git is not installed.")
    return git


def identity(folder: Path) -> dict[str, str]:
    """Who commits, for the environment of git: nothing where git knows, else Ondol."""
    if attempt(folder, "git", "var", "GIT_AUTHOR_IDENT").returncode == 0:
        return {}
    who = {"NAME": "Ondol", "EMAIL": "ondol@localhost"}
    return {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in who.items()}


def _clean() -> dict[str, str]:
    """The environment without what ties a command to another project or repository."""
    ours = ("VIRTUAL_ENV", "UV_PROJECT", "UV_PROJECT_ENVIRONMENT", "UV_RUN_RECURSION_DEPTH", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if name not in ours and not name.startswith("GIT_")}
