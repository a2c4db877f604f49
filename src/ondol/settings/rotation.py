"""Rotating the secret that signs, without logging anybody out.

Every process must know a secret before one signs with it, and still know it while what it signed is valid. So it goes
in three steps, each a deployment: the next secret is accepted; it signs, and the one before is accepted; that one goes.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

CURRENT, NEXT, PREVIOUS = "AUTH__SECRET_KEY", "AUTH__NEXT_SECRET_KEY", "AUTH__PREVIOUS_SECRET_KEY"


@dataclass(frozen=True)
class Step:
    """`values`: what to set; None: to unset. `said`: what was done, and what comes next."""

    values: dict[str, str | None]
    said: str


def next_step(given: Mapping[str, str]) -> Step:
    """What follows from the settings as they are."""
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
    """The lines NAME=value that set one of the three."""
    found = re.findall(rf"^({CURRENT}|{NEXT}|{PREVIOUS})=(.+)$", text, re.MULTILINE)
    return {name: value.strip().strip("\"'") for name, value in found}


def written(text: str, values: Mapping[str, str | None]) -> str:
    """The text of an environment file with these values set and unset; its other lines stay as they are."""
    waiting = {name: value for name, value in values.items() if value is not None}
    lines = []
    for line in text.splitlines():
        name = line.partition("=")[0]
        if name not in values:
            lines.append(line)
        elif name in waiting:
            lines.append(f"{name}={waiting.pop(name)}")
    return "\n".join([*lines, *(f"{name}={value}" for name, value in waiting.items())]) + "\n"
