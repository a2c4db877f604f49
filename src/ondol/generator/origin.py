"""The origin of the running Ondol, so that a project gets the same (PEP 610)."""

import json
import shutil
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import tomlkit

from ondol.generator.tools import run, uv_program
from ondol.project import ProjectError


def bring(project: Path) -> None:
    """Make the project depend on the running Ondol: on its wheel in `vendor/`, its URL, or the package registry.

    A wheel is copied, a folder's is built: a path outside of the project would break images and other clones.
    """
    direct = distribution("ondol").read_text("direct_url.json")
    if direct is None:
        set_source(project, None)
        return
    found: dict[str, Any] = json.loads(direct)
    url = str(found["url"])
    set_source(project, _vendored(project / "vendor", url) if url.startswith("file:") else {"url": url})


def _vendored(vendor: Path, url: str) -> dict[str, str]:
    path = Path(unquote(urlsplit(url).path))
    vendor.mkdir(exist_ok=True)
    for old in vendor.glob("ondol-*.whl"):
        old.unlink()
    if path.is_file():
        shutil.copy(path, vendor)
    elif path.is_dir():
        run(vendor, uv_program(), "build", "--quiet", "--wheel", "--out-dir", str(vendor.resolve()), str(path))
        (vendor / ".gitignore").unlink(missing_ok=True)  # uv's, for output folders; this one is committed
    else:
        raise ProjectError(f"Ondol was installed from {path}, which no longer exists. Install it again.")
    [wheel] = vendor.glob("ondol-*.whl")
    return {"path": f"vendor/{wheel.name}"}


def source_of(project: Path) -> dict[str, str] | None:
    """Return the source from which uv installs Ondol, or None for the package registry."""
    tool: dict[str, Any] = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {})
    found: dict[str, str] | None = tool.get("uv", {}).get("sources", {}).get("ondol")
    return found


def set_source(project: Path, source: dict[str, str] | None) -> None:
    """Set the source from which uv installs Ondol, None for the package registry."""
    file = project / "pyproject.toml"
    pyproject = tomlkit.parse(file.read_text(encoding="utf-8"))
    sources = pyproject["tool"]["uv"]["sources"]
    if source is None:
        sources.pop("ondol", None)
    else:
        table = tomlkit.inline_table()
        table.update(source)
        sources["ondol"] = table
    file.write_text(tomlkit.dumps(pyproject), encoding="utf-8")
