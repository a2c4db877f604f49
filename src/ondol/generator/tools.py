"""The programs that making a project needs: uv, git."""

import os
import shutil
import subprocess
from pathlib import Path

from ondol.project import ProjectError


def uv_program() -> str:
    """Raises ProjectError where there is none."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        raise ProjectError("uv is not installed: https://docs.astral.sh/uv/ says how.")
    return uv


def run(folder: Path, *command: str) -> None:
    """Runs a tool in `folder`. Raises ProjectError with the end of what it said."""
    finished = attempt(folder, *command)
    if finished.returncode != 0:
        said = (finished.stderr.strip() or finished.stdout.strip())[-1_500:]
        raise ProjectError(f"`{' '.join(command[:3])}` failed: {said}")


def attempt(folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """Runs a tool that may fail."""
    return subprocess.run(command, cwd=folder, env=_clean(), capture_output=True, text=True, check=False)


def _clean() -> dict[str, str]:
    """The environment without what ties a command to another project or repository."""
    ours = ("VIRTUAL_ENV", "UV_PROJECT", "UV_PROJECT_ENVIRONMENT", "UV_RUN_RECURSION_DEPTH", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if name not in ours and not name.startswith("GIT_")}
