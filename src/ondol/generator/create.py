"""Makes a project: copies a starter, gives it its name, its own copy of Ondol, an environment and a first commit."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import tomlkit

import ondol
from ondol.generator.names import project_name
from ondol.generator.origin import bring
from ondol.generator.sample import remove_sample
from ondol.generator.tools import attempt, run, uv_program
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
    uv = uv_program()
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
        bring(folder)
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
    pyproject = tomlkit.parse(file.read_text())
    pyproject["project"]["name"] = name
    pyproject["project"]["description"] = "A service on Ondol."
    pyproject["tool"].pop("ondol", None)
    file.write_text(tomlkit.dumps(pyproject))
    factory = folder / "app" / "factory.py"
    if factory.exists():
        title = name.replace("-", " ").capitalize()
        factory.write_text(factory.read_text().replace('title="Ondol starter"', f'title="{title}"'))
    for pattern in NAMED_FILES:
        for named in folder.glob(pattern):
            named.write_text(SAMPLE_NAME.sub(name, named.read_text()))


def _commit(folder: Path) -> None:
    """One commit of exactly what was made."""
    if shutil.which("git") is None:
        return
    run(folder, "git", "init", "--quiet", "--initial-branch=main")
    run(folder, "git", "add", "--all")
    has_identity = attempt(folder, "git", "var", "GIT_AUTHOR_IDENT").returncode == 0
    identity = [] if has_identity else ["-c", "user.name=Ondol", "-c", "user.email=ondol@localhost"]
    run(folder, "git", *identity, "commit", "--quiet", "--no-verify", "-m", "ondol new")
