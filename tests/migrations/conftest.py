import os
from pathlib import Path

import pytest

from ondol.dev.servers import Attachment
from ondol.testing.databases import TestDatabase, migrated_template


@pytest.fixture
def project(starter_copy: Path) -> Path:
    return starter_copy


@pytest.fixture
def database(servers: Attachment, project_folder: Path) -> TestDatabase:
    """Return a separate database, because these tests change its schema."""
    return TestDatabase.cloned(migrated_template(servers, project_folder), f"test_migrations_{os.getpid()}")
