"""`ondol update` of a project that the wheel of one commit made, to the wheel of another."""

from pathlib import Path

import pytest
from updating import built, commit, conflicts, exchange_wheel, git, replace, update, uv

REPOSITORY = Path(__file__).resolve().parents[1]

# Two commits of this repository: what lies between them moved half of dependencies.py, rewrote the tests' knowledge of
# resources, and changed fields' types.
EARLIER, LATER = "8d9aed2", "f947b2f898"

PING = """\
from fastapi import APIRouter

from app.dependencies import CurrentUser

router = APIRouter(prefix="/pings", tags=["pings"])


@router.get("", name="get")
async def ping(_: CurrentUser) -> str:
    \"\"\"Answers whoever is logged in.\"\"\"
    return "pong"
"""


def edit_earlier_project(folder: Path) -> None:
    """Ten edits, and a route of its own."""
    replace(
        folder, "app/dependencies.py", "# A service that writes stands on", "# Ours: a service that writes stands on"
    )
    replace(folder, "app/schemas/users.py", "What owners may change of their own", "What people may change")
    (folder / "app/services/last_seen.py").rename(folder / "app/services/presence.py")
    replace(folder, "app/routers/auth.py", "app.services.last_seen", "app.services.presence")
    (folder / "deploy/grafana/dashboard.json").unlink()
    move_the_last_function_before_the_others(folder / "app/repositories/users.py")
    (folder / "app/services/rules.py").write_text("ANSWER = 42\n")
    replace(folder, "tests/conftest.py", "root@example.com", "boss@example.com")
    replace(folder, "app/scopes.py", "Read all accounts.", "Look at all accounts.")
    replace(folder, "pyproject.toml", '"N818"', '"N818", "RUF100"')
    (folder / "app/routers/pings.py").write_text(PING)
    replace(folder, "app/routers/__init__.py", "import auth, users", "import auth, pings, users")
    replace(folder, "app/routers/__init__.py", "    users.router,", "    users.router,\n    pings.router,")


def move_the_last_function_before_the_others(file: Path) -> None:
    text = file.read_text()
    first, last = text.index("    async def get("), text.index("    async def add(")
    file.write_text(text[:first] + text[last:].rstrip() + "\n\n" + text[first:last].rstrip() + "\n")


@pytest.mark.whole
def test_from_the_wheel_of_one_commit_to_that_of_another(tmp_path: Path) -> None:
    if git(REPOSITORY, "rev-parse", "--is-shallow-repository") == "true":
        pytest.skip("a shallow clone does not have these commits")
    first, second = (wheel_of(commit, tmp_path / commit, number) for number, commit in enumerate((EARLIER, LATER)))
    uv(tmp_path, "tool", "run", "--from", str(first), "ondol", "new", "blog")
    project = tmp_path / "blog"
    edit_earlier_project(project)
    commit(project, "ours")
    exchange_wheel(project, first, second)
    finished = update(project)
    assert finished.returncode == 1, finished.stdout + finished.stderr
    assert conflicts(project) == ["app/dependencies.py"]
    git(project, "checkout", "--theirs", "app/dependencies.py")
    commit(project, "updated")
    texts = {name: (project / name).read_text() for name in git(project, "ls-files", "*.py", "*.toml").splitlines()}
    assert "What people may change" in texts["app/schemas/users.py"]
    assert "from ondol.types import Email, Line" in texts["app/schemas/users.py"]
    assert "app/services/last_seen.py" not in texts
    assert not (project / "deploy/grafana/dashboard.json").exists()
    assert texts["app/repositories/users.py"].index("def add(") < texts["app/repositories/users.py"].index("def get(")
    assert "boss@example.com" in texts["tests/conftest.py"]
    assert "def make(" in texts["tests/conftest.py"]
    assert "Look at all accounts." in texts["app/scopes.py"]
    assert '"RUF100"' in texts["pyproject.toml"]
    replace(project, "tests/api/test_every_operation.py", "DRIVES = [", "DRIVES = [\n    drive_pings,")
    replace(
        project,
        "tests/api/test_every_operation.py",
        "def drive_resources(",
        'def drive_pings(call: Recorder, people: People) -> None:\n    call("GET", f"{API}/pings", **people.asks)\n\n\n'
        "def drive_resources(",
    )
    replace(project, "app/services/rules.py", "42", "43")
    uv(project, "run", "ruff", "check", "app")
    uv(project, "run", "mypy", "app")
    tests = ["tests/api/test_users.py", "tests/api/test_openapi.py", "tests/api/test_every_operation.py"]
    uv(project, "run", "pytest", "-q", "-n", "auto", *tests)


def wheel_of(commit: str, folder: Path, number: int) -> Path:
    """Of that commit, as version 0.`number`.0."""
    git(REPOSITORY, "worktree", "add", "--quiet", "--detach", str(folder / "source"), commit)
    try:
        replace(folder / "source", "pyproject.toml", 'version = "0.1.0"', f'version = "0.{number}.0"')
        return built(folder / "source", folder / "wheel")
    finally:
        git(REPOSITORY, "worktree", "remove", "--force", str(folder / "source"))
