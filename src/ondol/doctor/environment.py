"""The Python environment and the files of the project."""

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, distribution, metadata, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from ondol.db.migrations import heads
from ondol.doctor.findings import Finding, error, warning
from ondol.generator.tools import attempt
from ondol.generator.update import Updated
from ondol.generator.update import check as check_update
from ondol.project import ProjectError

# Libraries that projects bring along from elsewhere, and what happens.
BREAK = {
    "slowapi": "it skips the routes of included routers on current FastAPI, so nothing is limited",
    "python-jose": "it is not maintained and had forged-token defects (CVE-2024-33663): PyJWT is here already",
    "passlib": "it is not maintained and fails with current bcrypt: pwdlib is here already",
    "fastapi-cache2": "it is not maintained, and its entries outlive the change of what they hold",
    "psycopg2": "a second driver; a synchronous call of it stops the event loop: psycopg 3 is here already",
    "psycopg2-binary": "a second driver; a synchronous call of it stops the event loop: psycopg 3 is here already",
}


def check_environment(project: Path) -> Iterator[Finding]:
    yield from _python(sys.version_info)
    yield from _libraries()
    yield from _env_file(project)
    yield from _migrations(project)
    yield from _starter(project)


def _python(found: Any) -> Iterator[Finding]:
    """`found`: as `sys.version_info`."""
    needed = SpecifierSet(metadata("ondol")["Requires-Python"])
    name = f"{found.major}.{found.minor}.{found.micro}"
    if not needed.contains(name):
        yield error("Python", f"This is Python {name}; Ondol needs {needed}.", "uv python pin 3.13 && uv sync")
    elif found.releaselevel != "final":
        problem = f"Python {name} {found.releaselevel} is not finished: drivers written in C are not built for it."
        yield warning("Python", problem, "uv python pin 3.13 && uv sync")


def _libraries(installed: Callable[[str], str] = version) -> Iterator[Finding]:
    for text in distribution("ondol").requires or ():
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        found = installed(requirement.name)
        if not requirement.specifier.contains(found, prereleases=True):
            problem = f"{requirement.name} {found} is installed; this Ondol works with {requirement.specifier}."
            yield error("libraries", problem, "uv lock --upgrade && uv sync")
    for name, reason in BREAK.items():
        try:
            installed(name)
        except PackageNotFoundError:
            continue
        yield warning("libraries", f"{name} is installed: {reason}.", f"uv remove {name}")


def _env_file(project: Path) -> Iterator[Finding]:
    if (project / ".env").exists() and attempt(project, "git", "ls-files", "--error-unmatch", ".env").returncode == 0:
        problem = ".env is tracked by git: its secrets are in every clone."
        yield error("settings", problem, "git rm --cached .env, and change every secret in it")


def _migrations(project: Path) -> Iterator[Finding]:
    found = heads(project)
    if len(found) > 1:
        problem = f"The migrations have {len(found)} ends: {', '.join(sorted(found))}."
        yield error("migrations", problem, "ondol db merge")


def _starter(project: Path) -> Iterator[Finding]:
    try:
        found: Updated = check_update(project)
    except ProjectError as reason:
        yield warning("starter", f"What changed in the starter is not known: {reason}", "ondol update --check")
        return
    if found.changed:
        problem = f"The starter of this version differs in {len(found.changed)} files from the one you began with."
        yield warning("starter", problem, "ondol update")
