"""`ondol update`: what the project's people changed and what the starter changed, both kept; git conflicts where both
changed the same."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ondol.generator.create import create

STARTER = Path(__file__).resolve().parents[1] / "starter"
Edit = Callable[[Path], object]


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=n@example.com"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def ondol(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "ondol.cli", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def replace(folder: Path, name: str, old: str, new: str) -> None:
    file = folder / name
    text = file.read_text()
    assert old in text, (name, old)
    file.write_text(text.replace(old, new))


def move_the_first_function_behind_the_others(file: Path) -> None:
    text = file.read_text()
    first, following = text.index("def auth_service"), text.index("def user_service")
    end = text.index("UsersReader = Annotated")
    file.write_text(text[:first] + text[following:end] + text[first:following] + text[end:])


def edit_project(folder: Path) -> None:
    """As its people would: ten edits, and a resource."""
    added = ondol(folder, "add", "resource", "note", "body:text")
    assert added.returncode == 0, added.stderr
    replace(folder, "app/factory.py", 'version="0.1.0"', 'version="7.0.0"')  # the starter changes this line too
    replace(folder, "app/scopes.py", 'USERS_READ = "users:read"', 'USERS_READ = "users:look"')
    (folder / "app/services/last_seen.py").rename(folder / "app/services/presence.py")
    replace(folder, "app/routers/auth.py", "app.services.last_seen", "app.services.presence")
    (folder / "deploy/grafana/dashboard.json").unlink()
    (folder / "compose.yaml").unlink()  # the starter changes this file
    move_the_first_function_behind_the_others(folder / "app/dependencies.py")
    (folder / "app/services/rules.py").write_text("ANSWER = 42\n")
    replace(folder, "main.py", "app = create_app()", "app = create_app()  # ours")
    replace(folder, "tests/conftest.py", "root@example.com", "boss@example.com")


def edit_starter(folder: Path) -> None:
    """As its next version might be."""
    replace(folder, "app/factory.py", 'version="0.1.0"', 'version="0.2.0"')
    replace(folder, "app/scopes.py", '"""What there is to be permitted', '"""Everything there is to be permitted')
    replace(folder, "app/services/last_seen.py", "was here just now", "was here a moment ago")
    replace(folder, "compose.yaml", "x-service:", "name: better\nx-service:")
    replace(folder, "app/dependencies.py", "async def current_user(", "async def current_user(  # improved\n    ")
    (folder / "app/services/improved.py").write_text("IMPROVED = True\n")
    (folder / "deploy/ecs/service.yaml").unlink()
    replace(folder, "gunicorn.conf.py", "import math", "# better\nimport math")
    replace(folder, "pyproject.toml", '"N"]', '"N", "PERF"]')
    replace(folder, "app/models/users.py", "last_seen_at: ", "locale: Mapped[str | None]\n    last_seen_at: ")


@pytest.fixture
def starter(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns(".ondol", "__pycache__", ".env", ".*_cache", ".hypothesis")
    return Path(shutil.copytree(STARTER, tmp_path / "starter", ignore=ignored))


@pytest.fixture
def project(tmp_path: Path, starter: Path) -> Path:
    return create(tmp_path / "blog", sample=False, starter=str(starter)).folder


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", message)


@pytest.mark.whole
def test_both_sides_are_kept_and_only_what_both_changed_conflicts(project: Path, starter: Path) -> None:
    edit_project(project)
    refused = ondol(project, "update")
    assert (refused.returncode, "not committed" in refused.stderr) == (1, True)
    commit(project, "ours")
    edited = git(project, "rev-parse", "HEAD^{tree}")
    unchanged = ondol(project, "update", "--check")
    assert (unchanged.returncode, "up to date" in unchanged.stdout) == (0, True), unchanged.stderr

    edit_starter(starter)
    checked = ondol(project, "update", "--check")
    assert checked.returncode == 1, checked.stderr
    assert git(project, "status", "--porcelain") == ""
    assert git(project, "worktree", "list").count("\n") == 0

    updated = ondol(project, "update")
    assert updated.returncode == 1
    assert "conflict  app/factory.py" in updated.stdout
    assert git(project, "diff", "--name-only", "--diff-filter=U").splitlines() == ["app/factory.py", "compose.yaml"]
    assert [line for line in checked.stdout.splitlines() if line.startswith("  conflict")] == [
        line for line in updated.stdout.splitlines() if line.startswith("  conflict")
    ]
    conflict = (project / "app/factory.py").read_text()
    assert "<<<<<<< yours" in conflict
    assert ">>>>>>> starter" in conflict
    text = {name: (project / name).read_text() for name in git(project, "ls-files", "*.py", "*.toml").splitlines()}
    assert 'USERS_READ = "users:look"' in text["app/scopes.py"]
    assert "Everything there is" in text["app/scopes.py"]
    assert "a moment ago" in text["app/services/presence.py"]
    assert not (project / "app/services/last_seen.py").exists()
    assert not (project / "deploy/grafana/dashboard.json").exists()
    assert not (project / "deploy/ecs/service.yaml").exists()
    assert "# improved" in text["app/dependencies.py"]
    functions = [text["app/dependencies.py"].index(f"def {name}_service") for name in ("user", "user_read", "auth")]
    assert functions == sorted(functions)
    assert {"app/services/rules.py", "app/services/improved.py"} <= text.keys()
    assert '"PERF"' in text["pyproject.toml"]
    assert "vendor/ondol-" in text["pyproject.toml"]
    assert "locale" in text["app/models/users.py"]
    assert "boss@example.com" in text["tests/conftest.py"]

    assert ondol(project, "update", "--abort").returncode == 0
    assert git(project, "status", "--porcelain") == ""
    assert git(project, "rev-parse", "HEAD^{tree}") == edited


@pytest.mark.whole
def test_after_an_update_the_next_begins_from_there(project: Path, starter: Path) -> None:
    replace(starter, "gunicorn.conf.py", "import math", "# one\nimport math")
    assert ondol(project, "update").returncode == 0
    commit(project, "updated")
    assert "up to date" in ondol(project, "update").stdout
    late = ondol(project, "update", "--abort")
    assert (late.returncode, "committed already" in late.stderr) == (1, True)
    replace(project, "gunicorn.conf.py", "# one", "# one, and ours")
    commit(project, "ours")
    replace(starter, "app/services/last_seen.py", "was here just now", "was here")
    assert ondol(project, "update").returncode == 0
    assert "# one, and ours" in (project / "gunicorn.conf.py").read_text()
    assert "was here," in (project / "app/services/last_seen.py").read_text()


@pytest.mark.whole
def test_without_its_record_a_project_is_refused(project: Path) -> None:
    (project / ".starter.zip").unlink()
    commit(project, "lost")
    refused = ondol(project, "update")
    assert refused.returncode == 1
    assert "git log -- .starter.zip" in refused.stderr


@pytest.mark.whole
def test_from_one_wheel_to_the_next(tmp_path: Path) -> None:
    """As somebody without the repository: a project from a wheel, the next wheel in its place, `ondol update`."""
    source = tmp_path / "source"
    for name in ("src", "starter"):
        shutil.copytree(STARTER.parent / name, source / name, ignore=shutil.ignore_patterns(".ondol", "__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(STARTER.parent / name, source)
    first = built(source, tmp_path / "first")
    edit_starter(source / "starter")
    replace(source, "pyproject.toml", 'version = "0.1.0"', 'version = "0.2.0"')
    second = built(source, tmp_path / "second")

    uv(tmp_path, "tool", "run", "--from", str(first), "ondol", "new", "blog")
    project = tmp_path / "blog"
    edit_project(project)
    commit(project, "ours")
    shutil.copy(second, project / "vendor")
    (project / "vendor" / first.name).unlink()
    replace(project, "pyproject.toml", first.name, second.name)
    uv(project, "sync", "--quiet")
    commit(project, "Ondol 0.2.0")
    finished = subprocess.run(
        ["uv", "run", "ondol", "update"], cwd=project, env=clean(), capture_output=True, text=True, timeout=120
    )
    assert finished.returncode == 1, finished.stderr
    assert git(project, "diff", "--name-only", "--diff-filter=U").splitlines() == ["app/factory.py", "compose.yaml"]
    git(project, "checkout", "--ours", "app/factory.py")
    git(project, "rm", "--quiet", "compose.yaml")
    commit(project, "updated")
    uv(project, "run", "ondol", "db", "revision", "locale")  # the starter's new column
    uv(project, "run", "pytest", "-q", "tests/test_layers.py", "tests/api/test_users.py")


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
    replace(
        folder, "app/schemas/users.py", "What owners may change of their own", "What people may change"
    )
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
    if git(STARTER.parent, "rev-parse", "--is-shallow-repository") == "true":
        pytest.skip("a shallow clone does not have these commits")
    first, second = (wheel_of(commit, tmp_path / commit, number) for number, commit in enumerate((EARLIER, LATER)))
    uv(tmp_path, "tool", "run", "--from", str(first), "ondol", "new", "blog")
    project = tmp_path / "blog"
    edit_earlier_project(project)
    commit(project, "ours")
    shutil.copy(second, project / "vendor")
    (project / "vendor" / first.name).unlink()
    replace(project, "pyproject.toml", first.name, second.name)
    uv(project, "sync", "--quiet")
    commit(project, "the next Ondol")
    finished = subprocess.run(
        ["uv", "run", "ondol", "update"], cwd=project, env=clean(), capture_output=True, text=True, timeout=120
    )
    assert finished.returncode == 1, finished.stdout + finished.stderr
    assert git(project, "diff", "--name-only", "--diff-filter=U").splitlines() == ["app/dependencies.py"]
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
    git(STARTER.parent, "worktree", "add", "--quiet", "--detach", str(folder / "source"), commit)
    try:
        replace(folder / "source", "pyproject.toml", 'version = "0.1.0"', f'version = "0.{number}.0"')
        return built(folder / "source", folder / "wheel")
    finally:
        git(STARTER.parent, "worktree", "remove", "--force", str(folder / "source"))


def built(source: Path, folder: Path) -> Path:
    uv(source, "build", "--quiet", "--wheel", "--out-dir", str(folder))
    [wheel] = folder.glob("*.whl")
    return wheel


def clean() -> dict[str, str]:
    """The environment of somebody who is in no project and no test run."""
    ours = ("VIRTUAL_ENV", "PYTHONPATH", "ONDOL_TEST_STATE", "ONDOL_TEST_HOLDER")
    return {name: value for name, value in os.environ.items() if name not in ours}


def uv(folder: Path, *arguments: str) -> None:
    finished = subprocess.run(["uv", *arguments], cwd=folder, env=clean(), capture_output=True, text=True, timeout=300)
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
