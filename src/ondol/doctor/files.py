"""Checks of the project's files."""

from collections.abc import Iterator
from pathlib import Path

from ondol.db.migrations import heads
from ondol.doctor.findings import Finding, error, warning
from ondol.generator.tools import attempt
from ondol.generator.update import Updated
from ondol.generator.update import check as check_update
from ondol.project import ProjectError


def check_files(project: Path) -> Iterator[Finding]:
    yield from _env_file(project)
    yield from _migrations(project)
    yield from _starter(project)


def _env_file(project: Path) -> Iterator[Finding]:
    if (project / ".env").exists() and attempt(project, "git", "ls-files", "--error-unmatch", ".env").returncode == 0:
        problem = ".env is tracked by git: its secrets are in every clone."
        yield error("settings", problem, "Run `git rm --cached .env`, and change every secret in it.")


def _migrations(project: Path) -> Iterator[Finding]:
    found = heads(project)
    if len(found) > 1:
        problem = f"There are {len(found)} Alembic heads: {', '.join(sorted(found))}."
        yield error("migrations", problem, "Run `ondol db merge`.")


def _starter(project: Path) -> Iterator[Finding]:
    try:
        found: Updated = check_update(project)
    except ProjectError as reason:
        yield warning("starter", f"Cannot compare with the starter: {reason}", "Run `ondol update --check`.")
        return
    if found.changed:
        problem = f"This version's starter differs in {len(found.changed)} files from the project's."
        yield warning("starter", problem, "Run `ondol update`.")
