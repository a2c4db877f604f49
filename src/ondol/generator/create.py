"""Makes a project: copies a starter, gives it its name, its own copy of Ondol, an environment and a first commit."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import tomlkit

import ondol
from ondol.generator import origin
from ondol.generator.names import project_name
from ondol.generator.sample import remove_sample
from ondol.project import REPOSITORY_STARTER, ProjectError

SKIPPED = (".ondol", ".venv", "__pycache__", "*.pyc", ".env", ".git", ".hypothesis", ".*_cache", "uv.lock", "*.whl")
# Deployment files call the service by this name.
SAMPLE_NAME = re.compile(r"\bshop\b")
NAMED_FILES = ("compose.yaml", ".env.example", ".github/workflows/*.yml", "deploy/**/*.yaml")


@dataclass(frozen=True)
class Created:
    """`files` and `lines`: what the service itself consists of, tests and deployment apart."""

    folder: Path
    files: int
    lines: int


def create(
    folder: Path, *, sample: bool, starter: str | None, say: Callable[[str], object] = lambda _: None
) -> Created:
    """A project in `folder`, which must not exist yet. `starter`: a folder or the URL of a git repository; by default
    Ondol's own. Whatever goes wrong, and Ctrl-C too, leaves nothing behind. Raises ProjectError."""
    folder = folder.absolute()
    name = project_name(folder)
    if folder.exists() or folder.is_symlink():
        raise ProjectError(f"{folder} exists already; nothing was changed.")
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        raise ProjectError("uv is not installed: https://docs.astral.sh/uv/ says how.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir()
    try:
        say("Copying …")
        with _starter(starter) as source:
            shutil.copytree(source, folder, ignore=shutil.ignore_patterns(*SKIPPED), dirs_exist_ok=True)
        if not sample:
            remove_sample(folder)
        _give_name(folder, name)
        say("Environment …")
        _set_source(folder, origin.bring(folder / "vendor", uv))
        run(folder, uv, "sync", "--quiet")
        # What was taken out leaves lines that nobody would write so.
        run(folder, uv, "run", "--quiet", "ruff", "check", "--quiet", "--fix-only", ".")
        run(folder, uv, "run", "--quiet", "ruff", "format", "--quiet", ".")
        _commit(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    sources = [*(folder / "app").rglob("*.py"), folder / "main.py"]
    return Created(folder, len(sources), sum(len(file.read_text().splitlines()) for file in sources))


@contextmanager
def _starter(given: str | None) -> Iterator[Path]:
    """The folder to copy: the one in the wheel, or in this repository, or what the caller gave."""
    packaged = Path(ondol.__file__).parent / "starter"
    if given is None:
        yield packaged if packaged.is_dir() else REPOSITORY_STARTER
    elif Path(given).is_dir():
        yield _checked(Path(given))
    else:
        folder = Path(os.path.realpath(origin.temporary_folder("starter")))
        try:
            run(folder, "git", "clone", "--quiet", "--depth", "1", given, "clone")
            yield _checked(folder / "clone")
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _checked(folder: Path) -> Path:
    for name in ("main.py", "app", "pyproject.toml"):
        if not (folder / name).exists():
            raise ProjectError(f"{folder} is no starter: it has no {name}.")
    return folder


def _give_name(folder: Path, name: str) -> None:
    pyproject = tomlkit.parse((folder / "pyproject.toml").read_text())
    pyproject["project"]["name"] = name
    pyproject["project"]["description"] = "A service on Ondol."
    pyproject["tool"].pop("ondol", None)
    (folder / "pyproject.toml").write_text(tomlkit.dumps(pyproject))
    factory = folder / "app" / "factory.py"
    if factory.exists():
        title = name.replace("-", " ").capitalize()
        factory.write_text(factory.read_text().replace('title="Ondol starter"', f'title="{title}"'))
    for pattern in NAMED_FILES:
        for file in folder.glob(pattern):
            file.write_text(SAMPLE_NAME.sub(name, file.read_text()))


def _set_source(folder: Path, source: dict[str, str] | None) -> None:
    """Where uv finds Ondol; None: in the package registry."""
    pyproject = tomlkit.parse((folder / "pyproject.toml").read_text())
    sources = pyproject["tool"]["uv"]["sources"]
    if source is None:
        del sources["ondol"]
    else:
        table = tomlkit.inline_table()
        table.update(source)
        sources["ondol"] = table
    (folder / "pyproject.toml").write_text(tomlkit.dumps(pyproject))


def _commit(folder: Path) -> None:
    """One commit of exactly what was made."""
    if shutil.which("git") is None:
        return
    run(folder, "git", "init", "--quiet", "--initial-branch=main")
    run(folder, "git", "add", "--all")
    identity = ["-c", "user.name=Ondol", "-c", "user.email=ondol@localhost"] if not _has_identity(folder) else []
    run(folder, "git", *identity, "commit", "--quiet", "--no-verify", "-m", "ondol new")


def _has_identity(folder: Path) -> bool:
    asked = subprocess.run(
        ["git", "var", "GIT_AUTHOR_IDENT"], cwd=folder, env=_clean(), capture_output=True, check=False
    )
    return asked.returncode == 0


def run(folder: Path, *command: str) -> None:
    """Runs a tool in `folder`. Raises ProjectError with the end of what it said."""
    finished = subprocess.run(command, cwd=folder, env=_clean(), capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        said = (finished.stderr.strip() or finished.stdout.strip())[-1_500:]
        raise ProjectError(f"`{' '.join(command[:3])}` failed: {said}")


def _clean() -> dict[str, str]:
    """The environment without what ties a command to another project or repository."""
    ours = ("VIRTUAL_ENV", "UV_PROJECT", "UV_PROJECT_ENVIRONMENT", "UV_RUN_RECURSION_DEPTH", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if name not in ours and not name.startswith("GIT_")}
