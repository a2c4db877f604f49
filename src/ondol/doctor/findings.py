from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """A problem and its remedy, a sentence each for the user. `about`: the subject, such as "settings"."""

    level: Level
    about: str
    problem: str
    remedy: str


def error(about: str, problem: str, remedy: str) -> Finding:
    return Finding(Level.ERROR, about, problem, remedy)


def warning(about: str, problem: str, remedy: str) -> Finding:
    return Finding(Level.WARNING, about, problem, remedy)
