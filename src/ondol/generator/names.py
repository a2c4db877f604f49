"""What a project may be called."""

import keyword
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from ondol.project import ProjectError

MAX_LENGTH = 50
_WELL_FORMED = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def project_name(folder: Path) -> str:
    """The name of the project in `folder`, such as `my-shop` (PEP 503's normal form). Raises ProjectError, with a
    suggestion where there is one."""
    given = folder.name
    name = re.sub(r"[-_.\s]+", "-", given).lower().strip("-")
    if not given or given in (".", ".."):
        raise ProjectError("Give the project a folder of its own, such as `ondol new shop`.")
    if not name.isascii():
        raise ProjectError(
            f"{given!r} cannot be the name of a package, which has letters a-z, digits and hyphens: take another."
        )
    if not _WELL_FORMED.fullmatch(name) or len(name) > MAX_LENGTH:
        suggestion = re.sub(r"^[^a-z]+|[^a-z0-9-]", "", name)[:MAX_LENGTH].strip("-")
        hint = f"; {suggestion!r} would do" if suggestion else ""
        raise ProjectError(f"{given!r} is no name: it begins with a letter and has letters, digits and hyphens{hint}.")
    if reason := _taken(name.replace("-", "_")):
        raise ProjectError(f"{given!r} is {reason}, and imports would find the wrong one; {name + '-api'!r} would do.")
    return name


def _taken(module: str) -> str | None:
    if keyword.iskeyword(module) or keyword.issoftkeyword(module):
        return "a word of Python's"
    if module in sys.stdlib_module_names:
        return "a module of Python's standard library"
    if module in {"app", "tests", "main", "migrations", "ondol", "starter"} or module in packages_distributions():
        return "the name of something the project uses"
    return None
