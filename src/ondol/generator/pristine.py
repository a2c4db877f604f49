"""The pristine project: what a starter gives before anybody edits it, and the record of it that a project keeps.

The record is the tracked file `.starter.zip`. It is what an update compares with: a commit could be squashed away and a
reference outside of branches is not cloned, but a file comes with every clone.
"""

import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import tomlkit

import ondol
from ondol.generator.features import SAMPLE, take_out
from ondol.generator.tools import run
from ondol.project import REPOSITORY_STARTER, ProjectError

RECORD = ".starter.zip"
SKIPPED = (
    ".ondol",
    ".venv",
    "__pycache__",
    "*.pyc",
    ".env",
    ".git",
    ".hypothesis",
    ".*_cache",
    "uv.lock",
    "*.whl",
    RECORD,
)
# Deployment files call the service by this name.
SAMPLE_NAME = re.compile(r"\bshop\b")
NAMED_FILES = ("compose.yaml", ".env.example", ".github/workflows/*.yml", "deploy/**/*.yaml")


@dataclass(frozen=True)
class Origin:
    """What a project was made from. `starter`: a folder or the URL of a git repository; None for Ondol's own.
    `without`: the features that were taken out."""

    name: str
    sample: bool
    starter: str | None
    without: Sequence[str] = ()


def write_pristine(folder: Path, origin: Origin) -> None:
    """Copies the starter into `folder` without what was not asked for, under the project's name."""
    with _starter(origin.starter) as source:
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns(*SKIPPED), dirs_exist_ok=True)
    take_out(folder, {*origin.without, *([] if origin.sample else [SAMPLE])})
    _give_name(folder, origin.name)


def tidy(folder: Path, *ruff: str, file: str = ".") -> None:
    """What was taken out leaves lines that nobody would write so. `ruff`: the command that runs it."""
    run(folder, *ruff, "check", "--no-cache", "--quiet", "--fix-only", file)
    run(folder, *ruff, "format", "--no-cache", "--quiet", file)


def record(folder: Path, origin: Origin, project: Path) -> None:
    """Keeps the files of `folder` as what `project` was made from."""
    with zipfile.ZipFile(project / RECORD, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = json.dumps(asdict(origin)).encode()
        ignored = shutil.ignore_patterns(*SKIPPED)
        for place, folders, files in os.walk(folder):
            folders[:] = sorted(set(folders) - ignored(place, folders))
            for name in sorted(set(files) - ignored(place, files)):
                archive.write(Path(place, name), Path(place, name).relative_to(folder))


def recorded_origin(project: Path) -> Origin:
    """Raises ProjectError where there is no record."""
    with _opened(project) as archive:
        return Origin(**json.loads(archive.comment))


def write_recorded(project: Path, folder: Path) -> None:
    """The files of the record, into `folder`."""
    with _opened(project) as archive:
        archive.extractall(folder)


@contextmanager
def _opened(project: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(project / RECORD) as archive:
            yield archive
    except (OSError, zipfile.BadZipFile) as error:
        raise ProjectError(
            f"{RECORD} is missing or broken: without it nobody knows what this project was made from. "
            f"Look for it in the history: git log -- {RECORD}"
        ) from error


@contextmanager
def _starter(given: str | None) -> Iterator[Path]:
    """The folder to copy: the one in the wheel, or in this repository, or what the caller gave."""
    packaged = Path(ondol.__file__).parent / "starter"
    if given is None:
        yield packaged if packaged.is_dir() else REPOSITORY_STARTER
    elif Path(given).is_dir():
        yield _checked(Path(given))
    else:
        with TemporaryDirectory(prefix="ondol-starter-") as folder:
            run(Path(folder), "git", "clone", "--quiet", "--depth", "1", given, "clone")
            yield _checked(Path(folder) / "clone")


def _checked(folder: Path) -> Path:
    for name in ("main.py", "app", "pyproject.toml"):
        if not (folder / name).exists():
            raise ProjectError(f"{folder} is no starter: it has no {name}.")
    return folder


def _give_name(folder: Path, name: str) -> None:
    file = folder / "pyproject.toml"
    pyproject = tomlkit.parse(file.read_text(encoding="utf-8"))
    pyproject["project"]["name"] = name
    pyproject["project"]["description"] = "A service on Ondol."
    pyproject["tool"].pop("ondol", None)
    file.write_text(tomlkit.dumps(pyproject).rstrip() + "\n", encoding="utf-8")
    factory = folder / "app" / "factory.py"
    if factory.exists():
        title = name.replace("-", " ").capitalize()
        factory.write_text(factory.read_text(encoding="utf-8").replace('title="Ondol starter"', f'title="{title}"'))
    for pattern in NAMED_FILES:
        for named in folder.glob(pattern):
            named.write_text(SAMPLE_NAME.sub(name, named.read_text(encoding="utf-8")))
