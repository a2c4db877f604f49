"""The program `ondol`.

What the command itself needs is the extra `cli`, which a production image does not hold. `ondol new` has no project yet
that could bring it (`uvx --from ondol-….whl ondol new shop`), so uv brings it for this one run.
"""

import json
import os
import sys
from importlib.metadata import PackageNotFoundError, distribution
from typing import NoReturn

NEEDED = ("typer", "rich", "libcst", "tomlkit")


def run() -> None:
    if missing := [name for name in NEEDED if not _is_installed(name)]:
        _run_with_the_extra(missing)
    # Imported here, and only here: it would not import without the extra.
    from ondol.cli.main import run as run_command  # noqa: PLC0415

    run_command()


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _run_with_the_extra(missing: list[str]) -> NoReturn:
    uv = os.environ.get("UV")  # set by uv for what it runs
    if uv is None or sys.argv[1:2] != ["new"]:
        sys.exit(
            f"ondol: the command needs {', '.join(missing)}: install `ondol[cli]`. "
            "In production `python -m ondol.run web|worker|migrate` runs without."
        )
    os.execv(uv, [uv, "tool", "run", "--from", _with_the_extra(), "ondol", *sys.argv[1:]])  # noqa: S606


def _with_the_extra() -> str:
    """This very Ondol with its extra, as a requirement: from where it was installed (PEP 610), or its version."""
    found = distribution("ondol")
    direct = found.read_text("direct_url.json")
    return f"ondol[cli] @ {json.loads(direct)['url']}" if direct else f"ondol[cli]=={found.version}"
