"""`ondol update` keeps the changes of the project and of the starter; where both changed the same lines, git reports a
conflict."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from updating import built, commit, conflicts, exchange_wheel, git, ondol, replace, update, uv

from ondol.generator.create import create

STARTER = Path(__file__).resolve().parents[1] / "starter"
Edit = Callable[[Path], object]


def move_the_first_function_behind_the_others(file: Path) -> None:
    text = file.read_text()
    first, following = text.index("def refuse_address"), text.index("def device_subject")
    end = text.index("class UserService")
    file.write_text(text[:first] + text[following:end] + text[first:following] + text[end:])


def edit_project(folder: Path) -> None:
    """Edit the project like its developers: ten edits, and a resource."""
    added = ondol(folder, "add", "resource", "note", "body:text")
    assert added.returncode == 0, added.stderr
    replace(folder, "app/factory.py", 'version="0.1.0"', 'version="7.0.0"')  # the starter changes this line too
    replace(folder, "app/scopes.py", 'USERS_READ = "users:read"', 'USERS_READ = "users:look"')
    (folder / "app/services/last_seen.py").rename(folder / "app/services/presence.py")
    replace(folder, "app/routers/auth.py", "app.services.last_seen", "app.services.presence")
    (folder / "deploy/grafana/dashboard.json").unlink()
    (folder / "compose.yaml").unlink()  # the starter changes this file
    move_the_first_function_behind_the_others(folder / "app/services/users.py")
    (folder / "app/services/rules.py").write_text("ANSWER = 42\n")
    replace(folder, "main.py", "app = create_app()", "app = create_app()  # ours")
    replace(folder, "tests/conftest.py", "root@example.com", "boss@example.com")


def edit_starter(folder: Path) -> None:
    """Edit the starter as a next version might."""
    replace(folder, "app/factory.py", 'version="0.1.0"', 'version="0.2.0"')
    replace(folder, "app/scopes.py", '"""Scopes, roles', '"""All scopes, roles')
    replace(folder, "app/services/last_seen.py", "to now,", "to this moment,")
    replace(folder, "compose.yaml", "x-service:", "name: better\nx-service:")
    replace(
        folder, "app/services/users.py", "async def lock_verified(", "async def lock_verified(  # improved\n        "
    )
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
    assert conflicts(project) == ["app/factory.py", "compose.yaml"]
    assert [line for line in checked.stdout.splitlines() if line.startswith("  conflict")] == [
        line for line in updated.stdout.splitlines() if line.startswith("  conflict")
    ]
    conflict = (project / "app/factory.py").read_text()
    assert "<<<<<<< yours" in conflict
    assert ">>>>>>> starter" in conflict
    text = {name: (project / name).read_text() for name in git(project, "ls-files", "*.py", "*.toml").splitlines()}
    assert 'USERS_READ = "users:look"' in text["app/scopes.py"]
    assert "All scopes, roles" in text["app/scopes.py"]
    assert "to this moment," in text["app/services/presence.py"]
    assert not (project / "app/services/last_seen.py").exists()
    assert not (project / "deploy/grafana/dashboard.json").exists()
    assert not (project / "deploy/ecs/service.yaml").exists()
    assert "# improved" in text["app/services/users.py"]
    functions = [text["app/services/users.py"].index(f"def {name}") for name in ("device_subject", "refuse_address")]
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
    assert (late.returncode, "already committed" in late.stderr) == (1, True)
    replace(project, "gunicorn.conf.py", "# one", "# one, and ours")
    commit(project, "ours")
    replace(starter, "app/services/last_seen.py", "to now,", "to the time,")
    assert ondol(project, "update").returncode == 0
    assert "# one, and ours" in (project / "gunicorn.conf.py").read_text()
    assert "account to the time," in (project / "app/services/last_seen.py").read_text()


@pytest.mark.whole
def test_without_its_record_a_project_is_refused(project: Path) -> None:
    (project / ".starter.zip").unlink()
    commit(project, "lost")
    refused = ondol(project, "update")
    assert refused.returncode == 1
    assert "git log -- .starter.zip" in refused.stderr


@pytest.mark.whole
def test_from_one_wheel_to_the_next(tmp_path: Path) -> None:
    """Needs no repository: create a project from a wheel, install the next wheel, run `ondol update`."""
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
    exchange_wheel(project, first, second)
    finished = update(project)
    assert finished.returncode == 1, finished.stderr
    assert conflicts(project) == ["app/factory.py", "compose.yaml"]
    git(project, "checkout", "--ours", "app/factory.py")
    git(project, "rm", "--quiet", "compose.yaml")
    commit(project, "updated")
    uv(project, "run", "ondol", "db", "revision", "locale")  # the starter's new column
    uv(project, "run", "pytest", "-q", "tests/test_layers.py", "tests/api/test_users.py")
