"""The folder of one set of development servers: data, logs, leases and addresses."""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from ondol.dev.processes import ProcessIdentity
from ondol.dev.programs import ServersError, can_reach, server_user


@dataclass(frozen=True)
class Addresses:
    """The addresses of the running servers. The URLs contain passwords made for this folder only."""

    database_url: str
    redis_url: str
    postgres_pid: int
    valkey_pid: int


class StateFolder:
    """The layout of the folder, without logic of the servers."""

    def __init__(self, path: Path, mark: Path | None = None) -> None:
        self.path = path
        self._mark = mark
        self.data = path / "postgres"
        self.logs = path / "logs"
        self.leases = path / "leases"
        self.copies = path / "programs"
        self._addresses = path / "servers.json"
        self._failure = path / "failure"
        self._keeper = path / "keeper"
        self._remembered = path / "remembered.json"

    @classmethod
    def for_project(cls, project: Path) -> "StateFolder":
        """Return `.ondol/` in the project; as root, one in /var/lib if the server's user may not enter the project.

        A closed folder (root's home is 0700) is never opened to make that possible.
        """
        project = project.resolve()
        user = server_user()
        if user is None or can_reach(user, project):
            return cls(project / ".ondol")
        digest = hashlib.sha256(os.fsencode(project)).hexdigest()[:12]
        return cls(Path("/var/lib/ondol") / f"{project.name}-{digest}", mark=project / ".ondol" / "servers")

    @classmethod
    def temporary(cls, project: Path, name: str) -> "StateFolder":
        """Return a folder for a test run, not yet created: in `for_project`, else in the system's temporary folder."""
        base = cls.for_project(project).path
        if base.parent == project.resolve():
            return cls(base / f"test-{name}")
        return cls(Path(tempfile.gettempdir()) / f"ondol-test-{name}")

    def create(self) -> None:
        """Create the missing folders. Raises ServersError if the folder cannot be written."""
        make_folder(self.path)
        for folder in (self.logs, self.leases, self.copies):
            folder.mkdir(exist_ok=True)
        # The server's user may pass through the folder itself; its contents keep their own modes.
        if server_user() is not None:
            self.path.chmod(0o711)
            self.copies.chmod(0o755)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock under which servers are started or stopped."""
        with (self.path / "lock").open("a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    # leases of the users

    def lease(self, holder: ProcessIdentity) -> Path:
        return self.leases / str(holder)

    def live_leases(self) -> list[ProcessIdentity]:
        """Return the holders that still run, and remove the leases of the others."""
        alive = []
        for file in self.leases.iterdir():
            try:
                holder = ProcessIdentity.parse(file.name)
            except ValueError:
                continue  # another program's file, such as a file manager's
            if holder.is_alive():
                alive.append(holder)
            else:
                file.unlink(missing_ok=True)
        return alive

    # the keeper and its results

    def keeper(self) -> ProcessIdentity | None:
        try:
            keeper = ProcessIdentity.parse(self._keeper.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return keeper if keeper.is_alive() else None

    def write_keeper(self, keeper: ProcessIdentity) -> None:
        self._keeper.write_text(str(keeper), encoding="utf-8")

    def addresses(self) -> Addresses | None:
        try:
            return Addresses(**json.loads(self._addresses.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def write_addresses(self, addresses: Addresses) -> None:
        _write_private(self._addresses, json.dumps(asdict(addresses)))

    def failure(self) -> str | None:
        return self._failure.read_text(encoding="utf-8") if self._failure.exists() else None

    def write_failure(self, sentence: str) -> None:
        _write_private(self._failure, sentence)

    def forget_run(self) -> None:
        """Remove the files of the last run."""
        for file in (self._addresses, self._failure, self._keeper):
            file.unlink(missing_ok=True)

    # values kept between runs

    def remembered(self) -> dict[str, str]:
        """Return the passwords and the last ports."""
        try:
            return dict(json.loads(self._remembered.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return {}

    def remember(self, values: dict[str, str]) -> None:
        _write_private(self._remembered, json.dumps(values))

    def throw_data_away(self) -> None:
        """Delete data, logs and passwords. Only while no server runs, and under the lock."""
        for folder in (self.data, self.logs):
            shutil.rmtree(folder, ignore_errors=True)
        self._remembered.unlink(missing_ok=True)

    def take_over(self) -> None:
        """Remove the data of a deleted project that had the same path. Only while no server runs, and under the lock.

        Data outside of a project remain when it is deleted. A project has a mark, a file with the path of its data,
        and a new project does not.
        """
        if self._mark is None or (self._mark.exists() and self._mark.read_text(encoding="utf-8") == str(self.path)):
            return
        self.throw_data_away()
        self.logs.mkdir()
        make_folder(self._mark.parent)
        self._mark.write_text(str(self.path), encoding="utf-8")


def make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
        if folder.stat().st_uid != os.geteuid():
            raise ServersError(f"{folder} belongs to another user. Remove it, or run this as its owner.")
    except OSError as error:
        reason = "read-only" if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM) else error.strerror
        raise ServersError(
            f"The development servers cannot write to {folder} ({reason}). Make it "
            "writable, or set DATABASE_URL and REDIS_URL to your own servers."
        ) from error


def _write_private(file: Path, text: str) -> None:
    """Write a file atomically, readable by its owner only."""
    temporary = file.with_suffix(f".{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
    temporary.replace(file)
