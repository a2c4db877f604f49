"""Where the Ondol that runs came from, so that a new project gets the same (PEP 610)."""

import json
import shutil
import subprocess
import tempfile
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ondol.project import ProjectError


def bring(vendor: Path, uv: str) -> dict[str, str] | None:
    """Puts Ondol's wheel into `vendor` and returns uv's source for it; None if Ondol came from a registry.

    A wheel is copied and a folder's is built: a path to another folder would break images and colleagues' clones.
    """
    direct = distribution("ondol").read_text("direct_url.json")
    if direct is None:
        return None
    found: dict[str, Any] = json.loads(direct)
    url = str(found["url"])
    if not url.startswith("file:"):
        return {"url": url}
    path = Path(unquote(urlsplit(url).path))
    vendor.mkdir(exist_ok=True)
    if path.is_file():
        shutil.copy(path, vendor)
    elif path.is_dir():
        command = [uv, "build", "--quiet", "--wheel", "--out-dir", str(vendor), str(path)]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        if finished.returncode != 0:
            raise ProjectError(f"Ondol's wheel could not be built from {path}: {finished.stderr[-500:]}")
        (vendor / ".gitignore").unlink(missing_ok=True)  # uv's, for output folders; this one is committed
    else:
        raise ProjectError(f"Ondol was installed from {path}, which is not there any more: install it anew.")
    [wheel] = vendor.glob("ondol-*.whl")
    return {"path": f"vendor/{wheel.name}"}


def temporary_folder(purpose: str) -> str:
    return tempfile.mkdtemp(prefix=f"ondol-{purpose}-")
