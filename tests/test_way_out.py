"""If Ondol ended, a project could include the library's source and no longer need the package."""

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import tomlkit
from projects import bare_project

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.mark.whole
def test_a_project_with_the_source_of_ondol_needs_no_package(tmp_path: Path) -> None:
    project = bare_project(tmp_path / "shop")
    shutil.copytree(
        REPOSITORY / "src" / "ondol", project / "ondol", ignore=shutil.ignore_patterns("__pycache__", "generator")
    )
    ours = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    extras = ours["optional-dependencies"]
    needed = [
        *ours["dependencies"],
        *(each for extra in ("cache", "jobs", "mail", "server", "telemetry") for each in extras[extra]),
    ]
    for_tests = [each for extra in ("cli", "dev") for each in extras[extra] if not each.startswith("ondol[")]
    file = project / "pyproject.toml"
    pyproject = tomlkit.parse(file.read_text())
    pyproject["project"]["dependencies"] = needed
    pyproject["dependency-groups"]["dev"] = for_tests
    del pyproject["tool"]["uv"]["sources"]
    file.write_text(tomlkit.dumps(pyproject))

    left_out = ("ONDOL_TEST", "PYTEST", "VIRTUAL_ENV", "UV_PROJECT", "ENV_FILE")
    environment = {name: text for name, text in os.environ.items() if not name.startswith(left_out)}

    def uv(*command: str) -> str:
        finished = subprocess.run(["uv", "run", *command], cwd=project, env=environment, capture_output=True, text=True)
        assert finished.returncode == 0, finished.stdout[-3_000:] + finished.stderr[-3_000:]
        return finished.stdout

    assert uv("python", "-c", "import ondol; print(ondol.__file__)").strip() == str(project / "ondol" / "__init__.py")
    assert " passed" in uv("pytest", "-q")
