"""Projects for tests of the generator, as `ondol new` writes them, without a virtual environment."""

import os
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from ondol.generator.add import add_resource
from ondol.generator.declaration import Options
from ondol.generator.pristine import Origin, tidy, write_pristine
from ondol.generator.resource import Readers

READERS = {"--public-read": Readers.ANYBODY, "--customer-read": Readers.CUSTOMERS}
RUFF = (sys.executable, "-m", "ruff")


def bare_project(folder: Path, *, sample: bool = False, without: Sequence[str] = ()) -> Path:
    folder.mkdir()
    write_pristine(folder, Origin("shop", sample, None, without))
    tidy(folder, *RUFF)
    return folder


def add(project: Path, line: str) -> None:
    """Add a resource, like `ondol add resource LINE`."""
    name, *words = line.split()
    specs = [word for word in words if ":" in word]
    given = words[len(specs) :]
    value = dict(pairwise(given))
    options = Options(
        is_owned="--owner" in given,
        readers=next((readers for flag, readers in READERS.items() if flag in given), Readers.NOBODY),
        search=tuple(value["--search"].split(",")) if "--search" in value else (),
        cache_seconds=int(value["--cache"]) if "--cache" in given else None,
    )
    add_resource(project, name, specs, options, plural=value.get("--plural")).apply()


def replace(file: Path, old: str, new: str) -> None:
    """Replace the only occurrence of `old` in a file."""
    text = file.read_text()
    assert old in text, (file, old)
    file.write_text(text.replace(old, new, 1))


def run(project: Path, *command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in the project. If it needs servers, it starts its own unless `environment` names others."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith(("ONDOL_TEST", "PYTEST"))}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=project, env=clean | environment, capture_output=True, text=True
    )
