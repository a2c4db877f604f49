"""Create a project: a pristine one with its own copy of Ondol, an environment and a first commit."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ondol.generator.features import refuse_unknown
from ondol.generator.names import project_name
from ondol.generator.origin import bring
from ondol.generator.pristine import Origin, record, starter_of, tidy, write_pristine
from ondol.generator.tools import identity, run, uv_program
from ondol.project import ProjectError


@dataclass(frozen=True)
class Created:
    """A new project. `files` and `lines` count the service without tests and deployment files."""

    folder: Path
    files: int
    lines: int


def create(
    folder: Path,
    *,
    sample: bool,
    starter: str | None,
    wanted: Sequence[str] = (),
    without: Sequence[str] = (),
    language: str | None = None,
    say: Callable[[str], object] = lambda _: None,
) -> Created:
    """Create a project in `folder`, which must not exist yet. After an error or Ctrl-C nothing is left behind.

    `starter`: a folder or the URL of a git repository; by default Ondol's own. `wanted`: the optional features that the
    project gets; `without`: others to leave out. Raises ProjectError.
    """
    folder = folder.absolute()
    name = project_name(folder)
    if folder.exists() or folder.is_symlink():
        raise ProjectError(f"{folder} already exists; nothing was changed. Choose another folder.")
    if starter is not None and Path(starter).is_dir():
        starter = str(Path(starter).absolute())  # an update may run in another folder
    origin = Origin(name, sample, starter, sorted(set(without)), language, sorted(set(wanted)))
    if both := sorted({*wanted} & {*without}):
        raise ProjectError(f"{both[0]!r} cannot be both wanted and left out.")
    with starter_of(origin) as source:
        refuse_unknown(source, (*wanted, *without))
    uv = uv_program()
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir()
    try:
        say("Copying the starter …")
        write_pristine(folder, origin)
        say("Installing the environment …")
        bring(folder)
        run(folder, uv, "sync", "--quiet")
        tidy(folder, uv, "run", "--quiet", "ruff")
        record(folder, origin, folder)
        _commit(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    sources = [*(folder / "app").rglob("*.py"), folder / "main.py"]
    return Created(folder, len(sources), sum(len(file.read_text(encoding="utf-8").splitlines()) for file in sources))


def _commit(folder: Path) -> None:
    """Commit the new files."""
    if shutil.which("git") is None:
        return
    run(folder, "git", "init", "--quiet", "--initial-branch=main")
    run(folder, "git", "add", "--all")
    run(folder, "git", "commit", "--quiet", "--no-verify", "-m", "ondol new", **identity(folder))
