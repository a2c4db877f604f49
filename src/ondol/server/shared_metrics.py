"""The folder through which the processes of one web server add up their metrics.

It must be named before prometheus_client is imported, so this module does not import it.
"""

import os
import tempfile

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def share_between_processes() -> None:
    """Before the processes of a web server start: gives them a folder, unless the environment names one."""
    if SHARED_FOLDER not in os.environ:
        os.environ[SHARED_FOLDER] = tempfile.mkdtemp(prefix="ondol-metrics-")
