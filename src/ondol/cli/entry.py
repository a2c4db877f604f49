"""The program `ondol`: the command, or where its extra is missing, what to do about that."""

try:
    from ondol.cli.main import run
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] == "ondol":
        raise
    from ondol.cli.without_extra import run  # type: ignore[assignment]

__all__ = ["run"]
