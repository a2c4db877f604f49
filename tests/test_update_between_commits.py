"""`ondol update` of a project from an earlier release's wheel to the current wheel."""

from pathlib import Path

import pytest
from updating import built, commit, exchange_wheel, git, replace, update, uv

REPOSITORY = Path(__file__).resolve().parents[1]

# Version, commit. Each release adds a row at the end. The first one was never published.
RELEASES = [("0.0.0", "6f3ad0d")]


@pytest.mark.whole
@pytest.mark.parametrize(("version", "made_by"), RELEASES)
def test_a_project_of_a_release_becomes_one_of_today(tmp_path: Path, version: str, made_by: str) -> None:
    """The project is unedited, so nothing conflicts, and has a new database."""
    if git(REPOSITORY, "rev-parse", "--is-shallow-repository") == "true":
        pytest.skip("a shallow clone does not have these commits")
    then, now = wheel_of(made_by, tmp_path / "then", version), built(REPOSITORY, tmp_path / "now")
    uv(tmp_path, "tool", "run", "--from", str(then), "ondol", "new", "blog")
    project = tmp_path / "blog"
    exchange_wheel(project, then, now)
    updated = update(project)
    assert updated.returncode == 0, updated.stdout + updated.stderr
    commit(project, "updated")
    uv(project, "lock", "--quiet")
    uv(project, "run", "ruff", "check", ".")
    uv(project, "run", "mypy", "app")
    uv(project, "run", "ondol", "db", "check")
    uv(project, "run", "pytest", "-q", "-n", "2")
    uv(tmp_path, "tool", "run", "--from", str(now), "ondol", "new", "new/blog")
    assert files_of(project) == files_of(tmp_path / "new" / "blog")


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
