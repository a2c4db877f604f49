"""`ondol settings`: what is set, and where it came from."""

from rich.console import Console
from rich.table import Table

from ondol.cli.project import load


def settings() -> None:
    """Show the effective settings, secrets masked, each with its source."""
    table = Table("setting", "value", "from")
    for setting in load().settings.effective():
        table.add_row(setting.name, setting.value, setting.origin)
    Console().print(table)
