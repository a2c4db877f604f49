"""The pristine project, as a starter makes it before edits, and the record of it in a project.

The record is the tracked file `.starter.zip`, with which an update compares. A commit could be lost by squashing and a
reference outside of branches is not cloned, but a file is in every clone.
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
from ondol.generator import features
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
    """The origin of a project. `starter`: a folder or the URL of a git repository; None for Ondol's own. `wanted`: the
    optional features that it has (projects made before there were such have these). `without`: the others that it
    lacks. `language`: of a second README, "ko" or None."""

    name: str
    sample: bool
    starter: str | None
    without: Sequence[str] = ()
    language: str | None = None
    wanted: Sequence[str] = ("audit", "email_change", "personal_data")

    def lacks(self, source: Path) -> set[str]:
        """Return the features of the starter that the project does not have."""
        return features.known(source) & {*self.without, *(features.optional(source) - set(self.wanted))}


def write_pristine(folder: Path, origin: Origin) -> None:
    """Copy the starter into `folder` under the project's name, without the unwanted features."""
    with starter_of(origin) as source:
        lacks = origin.lacks(source)
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns(*SKIPPED), dirs_exist_ok=True)
    if origin.language is None:
        (folder / "README.ko.md").unlink(missing_ok=True)
    features.take_out(folder, lacks if origin.sample else lacks | {features.SAMPLE})
    _give_name(folder, origin.name)


def tidy(folder: Path, *ruff: str, file: str = ".") -> None:
    """Fix and format the code, which is untidy after removing or adding lines. `ruff`: the command of ruff."""
    run(folder, *ruff, "check", "--no-cache", "--quiet", "--fix-only", file)
    run(folder, *ruff, "format", "--no-cache", "--quiet", file)


def record(folder: Path, origin: Origin, project: Path) -> None:
    """Save the files of `folder` as the record of `project`."""
    with zipfile.ZipFile(project / RECORD, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = json.dumps(asdict(origin)).encode()
        ignored = shutil.ignore_patterns(*SKIPPED)
        for place, folders, files in os.walk(folder):
            folders[:] = sorted(set(folders) - ignored(place, folders))
            for name in sorted(set(files) - ignored(place, files)):
                archive.write(Path(place, name), Path(place, name).relative_to(folder))


def recorded_origin(project: Path) -> Origin:
    """Return the origin from the project's record. Raises ProjectError without a record."""
    with _opened(project) as archive:
        return Origin(**json.loads(archive.comment))


def write_recorded(project: Path, folder: Path) -> None:
    """Extract the files of the record into `folder`."""
    with _opened(project) as archive:
        archive.extractall(folder)


@contextmanager
def _opened(project: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(project / RECORD) as archive:
            yield archive
    except (OSError, zipfile.BadZipFile) as error:
        raise ProjectError(
            f"{RECORD} is missing or broken, so Ondol cannot tell from which starter this project was made. "
            f"Restore it from the history: git log -- {RECORD}"
        ) from error


@contextmanager
def starter_of(origin: Origin) -> Iterator[Path]:
    """Yield the folder to copy: the origin's starter, or else that of the wheel or of this repository."""
    given = origin.starter
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
            raise ProjectError(f"{folder} is not a starter: it has no {name}.")
    return folder


def _give_name(folder: Path, name: str) -> None:
    file = folder / "pyproject.toml"
    pyproject = tomlkit.parse(file.read_text(encoding="utf-8"))
    pyproject["project"]["name"] = name
    pyproject["project"]["description"] = "A service on Ondol."
    pyproject["tool"].pop("ondol", None)
    file.write_text(tomlkit.dumps(pyproject).rstrip() + "\n", encoding="utf-8")
    title = name.replace("-", " ").capitalize()
    for titled in (folder / "app" / "factory.py", *folder.glob("README*.md")):
        if titled.exists():
            titled.write_text(titled.read_text(encoding="utf-8").replace("Ondol starter", title, 1), encoding="utf-8")
    for pattern in NAMED_FILES:
        for named in folder.glob(pattern):
            named.write_text(SAMPLE_NAME.sub(name, named.read_text(encoding="utf-8")))
