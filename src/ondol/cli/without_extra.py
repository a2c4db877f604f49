"""`ondol` without the extra `cli`, as in a production image.

`ondol new` has no project yet to install it (`uvx --from ondol-….whl ondol new shop`), so uv installs it.
"""

import json
import os
import sys
from importlib.metadata import distribution
from typing import NoReturn


def run() -> NoReturn:
    uv = os.environ.get("UV")  # uv sets it for the programs it runs
    if uv is None or sys.argv[1:2] != ["new"]:
        sys.exit(
            "ondol: The command needs the extra `cli`: install `ondol[cli]`. "
            "In production use `python -m ondol.run web|worker|migrate`, which does not need it."
        )
    os.execv(uv, [uv, "tool", "run", "--from", _with_the_extra(), "ondol", *sys.argv[1:]])  # noqa: S606


def _with_the_extra() -> str:
    """Return the requirement for this Ondol with its extra: by its origin (PEP 610), or else by its version."""
    found = distribution("ondol")
    direct = found.read_text("direct_url.json")
    return f"ondol[cli] @ {json.loads(direct)['url']}" if direct else f"ondol[cli]=={found.version}"
