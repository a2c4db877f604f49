"""Real faults: servers are stopped, killed and filled up, processes are killed, clients are slow.

These tests take long and run only with `pytest --whole`.
"""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from production_rig import Production, production

from ondol.dev.servers import Attachment

_numbers = itertools.count()


@pytest.fixture(scope="module")
def prod(servers: Attachment, project_folder: Path) -> Iterator[Production]:
    """Yield servers for this module only, with production's settings."""
    # In the test run's state folder: the servers' user may read it, and the keeper removes it at the end.
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    folder = servers.state.path / f"production-{worker}-{next(_numbers)}"
    folder.mkdir(mode=0o755)
    with production(project_folder, folder, servers.state.copies) as prod:
        yield prod
