"""`ondol` where the extra `cli` is not installed, as in a production image.

`ondol new` has no project yet that could bring it (`uvx --from ondol-….whl ondol new shop`): uv brings it for this run.
"""

import json
import os
import sys
from importlib.metadata import distribution
from typing import NoReturn


def run() -> NoReturn:
    uv = os.environ.get("UV")  # set by uv for what it runs
    if uv is None or sys.argv[1:2] != ["new"]:
        sys.exit(
            "ondol: the command needs the extra `cli`: install `ondol[cli]`. "
            "In production `python -m ondol.run web|worker|migrate` runs without."
        )
    os.execv(uv, [uv, "tool", "run", "--from", _with_the_extra(), "ondol", *sys.argv[1:]])  # noqa: S606


def _with_the_extra() -> str:
    """This very Ondol with its extra, as a requirement: from where it was installed (PEP 610), or its version."""
    found = distribution("ondol")
    direct = found.read_text("direct_url.json")
    return f"ondol[cli] @ {json.loads(direct)['url']}" if direct else f"ondol[cli]=={found.version}"
