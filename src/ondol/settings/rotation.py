"""Rotation of the signing secret without logging users out.

Every process must accept a secret before any process signs with it, and for as long as its signatures are valid. So a
rotation takes three deployments: the new secret is accepted; it signs and the old one is accepted; the old one is
removed.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

CURRENT, NEXT, PREVIOUS = "AUTH__SECRET_KEY", "AUTH__NEXT_SECRET_KEY", "AUTH__PREVIOUS_SECRET_KEY"


@dataclass(frozen=True)
class Step:
    """A step of a rotation. `values`: settings to set; None to unset. `said`: the message for the user."""

    values: dict[str, str | None]
    said: str


def next_step(given: Mapping[str, str]) -> Step:
    """Return the next step for the current settings."""
    if NEXT in given:
        values = {CURRENT: given[NEXT], NEXT: None, PREVIOUS: given.get(CURRENT)}
        return Step(
            values,
            "Step 2 of 3: the new secret signs. Deploy, and continue when the tokens of the old one have expired.",
        )
    if PREVIOUS in given:
        return Step({PREVIOUS: None}, "Step 3 of 3: the old secret is removed. Deploy to finish.")
    return Step(
        {NEXT: new_secret()},
        "Step 1 of 3: a new secret is accepted but does not sign yet. Deploy to every process, then continue.",
    )


def new_secret() -> str:
    return secrets.token_urlsafe(48)


def read_environment_file(text: str) -> dict[str, str]:
    """Return the values of the three settings in an environment file."""
    found = re.findall(rf"^({CURRENT}|{NEXT}|{PREVIOUS})=(.+)$", text, re.MULTILINE)
    return {name: value.strip().strip("\"'") for name, value in found}


def written(text: str, values: Mapping[str, str | None]) -> str:
    """Return the text of an environment file with these values set or unset. Its other lines stay unchanged."""
    waiting = {name: value for name, value in values.items() if value is not None}
    lines = []
    for line in text.splitlines():
        name = line.partition("=")[0]
        if name not in values:
            lines.append(line)
        elif name in waiting:
            lines.append(f"{name}={waiting.pop(name)}")
    return "\n".join([*lines, *(f"{name}={value}" for name, value in waiting.items())]) + "\n"
