"""The program `ondol`: the command, or a message if its extra `cli` is missing."""

try:
    from ondol.cli.main import run
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] == "ondol":
        raise
    from ondol.cli.without_extra import run  # type: ignore[assignment]

__all__ = ["run"]
