"""`ondol update` of a project from an earlier wheel to the current wheel."""

from pathlib import Path

import pytest
from updating import built, commit, exchange_wheel, git, replace, update, uv

REPOSITORY = Path(__file__).resolve().parents[1]

UNEDITED = ("0.0.0", "6f3ad0d")
# Version, commit. Each release adds a row at the end. The first one was never published.
RELEASES = [("0.0.1", "0474d37")]

ACCOUNT = ("jiwoo@example.com", "--name", "김지우", "--role", "admin")


@pytest.fixture(autouse=True)
def needs_the_history() -> None:
    if git(REPOSITORY, "rev-parse", "--is-shallow-repository") == "true":
        pytest.skip("a shallow clone does not have these commits")


@pytest.mark.whole
def test_an_unedited_project_becomes_one_of_today(tmp_path: Path) -> None:
    """Of a commit whose database today's migrations do not continue."""
    project, then, now = made(tmp_path, *UNEDITED)
    exchange_wheel(project, then, now)
    updated(project)
    uv(project, "run", "pytest", "-q", "-n", "2")
    everything = ("--with", "audit,email_change,personal_data")
    uv(tmp_path, "tool", "run", "--from", str(now), "ondol", "new", "new/blog", *everything)
    assert files_of(project) == files_of(tmp_path / "new" / "blog")


@pytest.mark.whole
@pytest.mark.parametrize(("version", "made_by"), RELEASES)
def test_a_project_keeps_its_edits_its_resource_and_its_data(tmp_path: Path, version: str, made_by: str) -> None:
    project, then, now = made(tmp_path, version, made_by)
    uv(project, "run", "ondol", "add", "resource", "note", "body:text", "--owner")
    replace(project, "main.py", "app = create_app()", "app = create_app()  # ours")
    replace(project, "tests/conftest.py", "root@example.com", "boss@example.com")
    uv(project, "run", "ondol", "db", "upgrade")
    uv(project, "run", "ondol", "user", "create", *ACCOUNT, typed="a long and unusual passphrase\n")
    commit(project, "ours")
    accounts = uv(project, "run", "ondol", "user", "list")
    exchange_wheel(project, then, now)
    updated(project)
    uv(project, "run", "ondol", "db", "upgrade")
    assert ACCOUNT[0] in accounts == uv(project, "run", "ondol", "user", "list")
    assert "# ours" in (project / "main.py").read_text()
    uv(project, "run", "pytest", "-q", "-n", "2")


def made(folder: Path, version: str, made_by: str) -> tuple[Path, Path, Path]:
    """Return a project of the commit's wheel, that wheel, and today's."""
    then, now = wheel_of(made_by, folder / "then", version), built(REPOSITORY, folder / "now")
    uv(folder, "tool", "run", "--from", str(then), "ondol", "new", "blog")
    return folder / "blog", then, now


def updated(project: Path) -> None:
    """Update the project without conflicts, do what the command says, and check the project."""
    finished = update(project)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    if "Merge them with `ondol db merge`" in finished.stdout:
        uv(project, "run", "ondol", "db", "merge")
    commit(project, "updated")
    uv(project, "lock", "--quiet")
    uv(project, "run", "ruff", "check", ".")
    uv(project, "run", "mypy", "app")
    uv(project, "run", "ondol", "db", "check")


def files_of(project: Path) -> dict[str, bytes]:
    """Return the files that git tracks, without the wheel and files made from it."""
    names = git(project, "ls-files").splitlines()
    left_out = ("vendor/", ".starter.zip", "uv.lock", "pyproject.toml")
    return {name: (project / name).read_bytes() for name in names if not name.startswith(left_out)}


def wheel_of(made_by: str, folder: Path, version: str) -> Path:
    """Build a wheel of the commit with this version."""
    git(REPOSITORY, "worktree", "add", "--quiet", "--detach", str(folder / "source"), made_by)
    try:
        replace(folder / "source", "pyproject.toml", 'version = "0.1.0"', f'version = "{version}"')
        return built(folder / "source", folder / "wheel")
    finally:
        git(REPOSITORY, "worktree", "remove", "--force", str(folder / "source"))
