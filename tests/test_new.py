"""`ondol new`: the project it creates, and the arguments it refuses."""

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from projects import bare_project

from ondol.generator.create import create
from ondol.generator.names import project_name
from ondol.generator.pristine import recorded_origin
from ondol.project import ProjectError
from ondol.testing.waiting import eventually

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.mark.whole
def test_a_new_project_is_clean_committed_and_without_the_shop(tmp_path: Path) -> None:
    made = create(tmp_path / "my-blog", sample=False, starter=None)
    status = subprocess.run(["git", "status", "--short"], cwd=made.folder, capture_output=True, text=True, check=True)
    assert status.stdout == ""
    for check in (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy", "app"]):
        finished = subprocess.run(
            [made.folder / ".venv/bin" / check[0], *check[1:]], cwd=made.folder, capture_output=True
        )
        assert finished.returncode == 0, finished.stdout
    code = "\n".join(file.read_text() for file in (made.folder / "app").rglob("*.py"))
    assert not any(word in code.lower() for word in ("product", "orders", "dashboard", "shop"))
    # Removing the shop must not leave an operation without scopes.
    assert "scopes=[]" not in code
    pyproject = (made.folder / "pyproject.toml").read_text()
    assert 'name = "my-blog"' in pyproject
    assert "--sample" not in pyproject


def test_each_file_of_a_bare_project_is_needed(tmp_path: Path) -> None:
    """Imports reach every module from main.py, the migrations' environment and the command."""
    project = bare_project(tmp_path / "blog")
    modules = {
        ".".join(file.relative_to(project).with_suffix("").parts).removesuffix(".__init__"): file
        for file in (project / "app").rglob("*.py")
    }
    waiting = [project / "main.py", project / "migrations" / "env.py", project / "app" / "commands.py"]
    reached: set[str] = {"app.commands"}
    while waiting:
        for name in imports(waiting.pop()) & modules.keys() - reached:
            reached.add(name)
            waiting.append(modules[name])
    packages = {name for name, file in modules.items() if file.name == "__init__.py" and not list(imports(file))}
    assert modules.keys() - reached - packages == set()


def imports(file: Path) -> set[str]:
    """Return the modules that a file imports, and candidates from `from package import name`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_nothing_is_overwritten_or_left_behind(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(ProjectError, match="already exists"):
        create(tmp_path / "there", sample=False, starter=None)
    with pytest.raises(ProjectError, match="is not a starter"):
        create(tmp_path / "blog", sample=False, starter=str(tmp_path))
    with pytest.raises(ProjectError, match="Unknown feature 'users'"):
        create(tmp_path / "blog", sample=False, starter=None, without=["users"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there"]


@pytest.mark.whole
def test_from_a_wheel_far_from_the_repository(tmp_path: Path) -> None:
    """Needs only the wheel and uv."""
    subprocess.run(["uv", "build", "--quiet", "--wheel", "--out-dir", tmp_path / "dist"], cwd=REPOSITORY, check=True)
    [wheel] = (tmp_path / "dist").glob("*.whl")
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    command = ["uvx", "--from", str(wheel), "ondol", "new", "shop", "--without", "audit,registration"]
    made = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "shop" / "vendor" / wheel.name).read_bytes() == wheel.read_bytes()
    assert recorded_origin(tmp_path / "shop").without == ["audit", "registration"]
    assert not list((tmp_path / "shop" / "app").rglob("audit.py"))
    assert f'"vendor/{wheel.name}"' in (tmp_path / "shop" / "pyproject.toml").read_text()


@pytest.mark.whole
@pytest.mark.parametrize("wait_for", ["app", ".venv"])
def test_ctrl_c_leaves_nothing_behind(tmp_path: Path, wait_for: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "ondol.cli", "new", "shop"],
        cwd=tmp_path,
        start_new_session=True,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  (ignored in background)
    )
    eventually((tmp_path / "shop" / wait_for).exists, 60)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: uv gets the signal too
    process.communicate(timeout=30)
    assert process.returncode != 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["class", "json", "fastapi", "app", "블로그", "1shop", "-"])
def test_names_that_would_not_work_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProjectError):
        project_name(tmp_path / name)


def test_a_name_takes_its_normal_form(tmp_path: Path) -> None:
    assert project_name(tmp_path / "My_Shop") == "my-shop"
