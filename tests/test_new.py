"""`ondol new`: what it makes, and what it refuses."""

import subprocess
from pathlib import Path

import pytest

from ondol.generator.create import create
from ondol.generator.names import project_name
from ondol.project import ProjectError


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
    # What permits must not be loosened by what went.
    assert "scopes=[]" not in code
    assert 'name = "my-blog"' in (made.folder / "pyproject.toml").read_text()


def test_nothing_is_overwritten_or_left_behind(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(ProjectError, match="exists already"):
        create(tmp_path / "there", sample=False, starter=None)
    with pytest.raises(ProjectError, match="is no starter"):
        create(tmp_path / "blog", sample=False, starter=str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there"]


@pytest.mark.parametrize("name", ["class", "json", "fastapi", "app", "블로그", "1shop", "-"])
def test_names_that_would_not_work_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProjectError):
        project_name(tmp_path / name)


def test_a_name_takes_its_normal_form(tmp_path: Path) -> None:
    assert project_name(tmp_path / "My_Shop") == "my-shop"
