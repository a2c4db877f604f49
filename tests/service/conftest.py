"""The starter as the service under test, for promises of the library about every service."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from app.factory import create_app
from app.settings import AppSettings
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ondol.runtime import Runtime


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> AppSettings:
    mail = {"folder": tmp_path / "mailbox"}
    return AppSettings(environment="test", database_url=database_url, redis_url=redis_url, mail=mail)


@pytest.fixture
def app(settings: AppSettings) -> FastAPI:
    return create_app(settings)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


@pytest.fixture
def runtime(app: FastAPI) -> Runtime:
    runtime: Runtime = app.state.runtime
    return runtime
