"""Check the names of projects."""

import keyword
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from ondol.project import ProjectError

MAX_LENGTH = 50
_WELL_FORMED = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def project_name(folder: Path) -> str:
    """Return the name of the project in `folder`, such as `my-shop` (PEP 503's normal form). Raises ProjectError, if
    possible with a suggestion."""
    given = folder.name
    name = re.sub(r"[-_.\s]+", "-", given).lower().strip("-")
    if not given or given in (".", ".."):
        raise ProjectError("Give the project a new folder, such as `ondol new shop`.")
    if not name.isascii():
        raise ProjectError(f"{given!r} cannot be the name of a package. Use letters a-z, digits and hyphens.")
    if not _WELL_FORMED.fullmatch(name) or len(name) > MAX_LENGTH:
        suggestion = re.sub(r"^[^a-z]+|[^a-z0-9-]", "", name)[:MAX_LENGTH].strip("-")
        hint = f", such as {suggestion!r}" if suggestion else ""
        raise ProjectError(
            f"Invalid name {given!r}. Use up to {MAX_LENGTH} letters, digits and hyphens, a letter first{hint}."
        )
    if reason := _taken(name.replace("-", "_")):
        raise ProjectError(f"{given!r} is {reason}; imports would clash. Use another name, such as {name + '-api'!r}.")
    return name


def _taken(module: str) -> str | None:
    if keyword.iskeyword(module) or keyword.issoftkeyword(module):
        return "a Python keyword"
    if module in sys.stdlib_module_names:
        return "a module of Python's standard library"
    if module in {"app", "tests", "main", "migrations", "ondol", "starter"} or module in packages_distributions():
        return "the name of a module that the project uses"
    return None
