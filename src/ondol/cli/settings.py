"""`ondol settings`: what is set, and where it came from."""

from rich.console import Console
from rich.table import Table

from ondol.project import load
from ondol.settings.report import effective

console = Console(soft_wrap=True)


def show_settings() -> None:
    """Show the effective settings, secrets masked, each with its source."""
    table = Table("setting", "value", "from")
    for setting in effective(load().settings):
        table.add_row(setting.name, setting.value, setting.source)
    console.print(table)
