"""Faults, made for real: servers are stopped, killed and filled up, processes killed, clients slow.

They take long: `pytest --whole` runs them.
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
    """Servers of this module alone, and production's settings."""
    # Beside the run's own servers: there the servers' user may enter, and the keeper removes it in the end.
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    folder = servers.state.path / f"production-{worker}-{next(_numbers)}"
    folder.mkdir(mode=0o755)
    with production(project_folder, folder, servers.state.copies) as prod:
        yield prod
