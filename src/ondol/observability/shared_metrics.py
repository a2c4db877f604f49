"""The folder in which the processes of one web server share their metrics.

It must be set before prometheus_client is imported, so this module does not import it.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def share_between_processes() -> None:
    """Prepare an empty folder before the processes of a web server start: the one that the environment names, or a new
    one that this process removes at its end."""
    if named := os.environ.get(SHARED_FOLDER):
        for file in Path(named).glob("*.db"):  # metrics of the previous server
            file.unlink(missing_ok=True)
        return
    folder = os.environ[SHARED_FOLDER] = tempfile.mkdtemp(prefix="ondol-metrics-")
    atexit.register(_remove, folder, os.getpid())


def _remove(folder: str, owner: int) -> None:
    if os.getpid() == owner:  # not in processes that were forked from it
        shutil.rmtree(folder, ignore_errors=True)
