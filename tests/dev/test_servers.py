"""The launcher of development servers, with real servers for each test."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from ondol.dev.processes import ProcessIdentity
from ondol.dev.programs import server_user
from ondol.dev.servers import ServersError, StateFolder, attach, attached

pytestmark = pytest.mark.whole

HOLD = """
import sys, time
from pathlib import Path
from ondol.dev.servers import StateFolder, attach
attachment = attach(StateFolder(Path(sys.argv[1])))
print(attachment.addresses.postgres_pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def project(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Iterator[Path]:
    """Yield a project folder within the checkout, with a space and Hangul in its path."""
    folder = pytestconfig.rootpath / ".ondol" / "tmp" / f"온돌 {request.node.name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def another_user(state: StateFolder) -> tuple["subprocess.Popen[str]", int]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(state.path)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def ends(process: ProcessIdentity, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while process.is_alive() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not process.is_alive()


def kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_servers_start_keep_data_and_stop(project: Path) -> None:
    state = StateFolder.for_project(project)
    first = attach(state)
    postgres = ProcessIdentity.of(first.addresses.postgres_pid)
    assert postgres is not None
    with psycopg.connect(first.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT '따뜻한 바닥' AS text")
        # The locale must classify Hangul as letters, or pg_trgm finds no trigrams.
        connection.execute("CREATE EXTENSION pg_trgm")
        assert connection.execute("SELECT cardinality(show_trgm('노트북')) > 0").fetchone() == (True,)
    with redis.Redis.from_url(first.redis_url) as valkey:
        assert valkey.ping()
    first.release()
    assert not postgres.is_alive()

    second = attach(state)
    try:
        assert second.database_url == first.database_url  # the same port and password as last time
        with psycopg.connect(second.database_url) as connection:
            assert connection.execute("SELECT text FROM kept").fetchone() == ("따뜻한 바닥",)
    finally:
        second.release()


def test_nobody_gets_in_without_the_password(project: Path) -> None:
    attachment = attach(StateFolder.for_project(project))
    try:
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(attachment.database_url.replace(":", ":x", 2).replace("postgresql:x", "postgresql:"))
        with redis.Redis.from_url(f"redis://{attachment.redis_url.partition('@')[2]}") as valkey:
            with pytest.raises(redis.AuthenticationError):
                valkey.ping()
        assert (attachment.state.path / "servers.json").stat().st_mode & 0o077 == 0
    finally:
        attachment.release()


def test_the_death_of_the_one_who_started_them_does_not_hurt_the_other(project: Path) -> None:
    state = StateFolder.for_project(project)
    starter, postgres_pid = another_user(state)
    survivor = attach(state)
    postgres = ProcessIdentity.of(postgres_pid)
    assert postgres is not None
    assert survivor.addresses.postgres_pid == postgres_pid
    kill(starter)
    time.sleep(1)
    with psycopg.connect(survivor.database_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    survivor.release()
    assert not postgres.is_alive()


def test_the_last_one_killed_leaves_nothing_running(project: Path) -> None:
    state = StateFolder.for_project(project)
    only, postgres_pid = another_user(state)
    postgres, keeper = ProcessIdentity.of(postgres_pid), state.keeper()
    assert postgres is not None
    assert keeper is not None
    kill(only)
    assert ends(keeper, 10)
    assert not postgres.is_alive()


def test_a_killed_server_is_started_again_with_its_data(project: Path) -> None:
    attachment = attach(StateFolder.for_project(project))
    try:
        with psycopg.connect(attachment.database_url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
        os.kill(attachment.addresses.postgres_pid, signal.SIGKILL)
        os.kill(attachment.addresses.valkey_pid, signal.SIGKILL)
        deadline = time.monotonic() + 15
        while True:
            try:
                with psycopg.connect(attachment.database_url) as connection:
                    assert connection.execute("SELECT number FROM kept").fetchone() == (1,)
                with redis.Redis.from_url(attachment.redis_url) as valkey:
                    assert valkey.ping()
                return
            except (psycopg.OperationalError, redis.ConnectionError):
                assert time.monotonic() < deadline
                time.sleep(0.1)
    finally:
        attachment.release()


@pytest.mark.skipif(sys.platform != "linux", reason="parent-death signals are Linux's")
def test_a_killed_keeper_takes_its_servers_along_and_the_next_user_finds_the_data(project: Path) -> None:
    state = StateFolder.for_project(project)
    attachment = attach(state)
    with psycopg.connect(attachment.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
    keeper, postgres = state.keeper(), ProcessIdentity.of(attachment.addresses.postgres_pid)
    assert keeper is not None
    assert postgres is not None
    os.kill(keeper.pid, signal.SIGKILL)
    assert ends(postgres, 10)
    again = attach(state)
    try:
        with psycopg.connect(again.database_url) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (1,)
    finally:
        again.release()


def test_a_taken_port_is_replaced_by_another(project: Path) -> None:
    state = StateFolder.for_project(project)
    attach(state).release()
    port = int(state.remembered()["database_port"])
    with socket.socket() as taken:
        # Without this option, recently closed connections still occupy the port.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        attachment = attach(state)
        try:
            assert f":{port}/" not in attachment.database_url
            with psycopg.connect(attachment.database_url) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
        finally:
            attachment.release()


def test_data_of_another_major_version_is_refused_and_left_alone(project: Path) -> None:
    state = StateFolder.for_project(project)
    attach(state).release()
    version = state.data / "PG_VERSION"
    version.write_text("12\n")
    before = sorted(path.name for path in state.data.iterdir())
    with pytest.raises(ServersError, match="was written by PostgreSQL 12, and PostgreSQL"):
        attach(state)
    assert sorted(path.name for path in state.data.iterdir()) == before
    assert version.read_text() == "12\n"
    assert state.live_leases() == []


def test_a_read_only_folder_is_told_in_one_sentence(tmp_path: Path) -> None:
    if os.geteuid() == 0:  # a folder that even root cannot write to
        folder = Path("/sys/ondol")
    else:
        tmp_path.chmod(0o500)
        folder = tmp_path / "ondol"
    with pytest.raises(ServersError, match=r"cannot write to .*ondol \(read-only\)"):
        attach(StateFolder(folder))


def test_as_root_nobodys_folders_are_opened(tmp_path: Path) -> None:
    """A folder that only root may read stays so; data and programs go where the server's user may read them."""
    closed = tmp_path / "closed" / "project"
    closed.mkdir(parents=True)
    closed.parent.chmod(0o700)
    state = StateFolder.for_project(closed)
    user = server_user()
    if user is None:
        assert state.path == closed / ".ondol"
        return
    assert state.path.parent == Path("/var/lib/ondol")
    existed = state.path.parent.exists()
    try:
        attachment = attach(state)
        status = Path(f"/proc/{attachment.addresses.postgres_pid}/status").read_text()
        attachment.release()
        assert f"Uid:\t{user.uid}\t" in status
        with attached(state) as servers, psycopg.connect(servers.database_url) as connection:
            connection.execute("CREATE TABLE mine ()")
        shutil.rmtree(closed)
        closed.mkdir()
        # A new project at the same path does not get the data of the deleted one.
        with attached(StateFolder.for_project(closed)) as servers, psycopg.connect(servers.database_url) as connection:
            assert connection.execute("SELECT to_regclass('mine')").fetchone() == (None,)
        assert closed.parent.stat().st_mode & 0o077 == 0
    finally:
        shutil.rmtree(state.path, ignore_errors=True)
        if not existed:
            state.path.parent.rmdir()
