"""Fixtures of the library's tests. Servers come from `ondol.testing.plugin`."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from generous import lift_limits

lift_limits()


@pytest.fixture
def starter_copy(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Iterator[Path]:
    """Yield a copy of the starter with its own servers, which a test may edit."""
    folder = pytestconfig.rootpath / ".ondol" / "tmp" / f"copy {request.node.name}"
    shutil.rmtree(folder, ignore_errors=True)
    ignored = shutil.ignore_patterns(".ondol", "__pycache__", "tests", ".env")
    shutil.copytree(pytestconfig.rootpath / "starter", folder, ignore=ignored)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
