"""`ondol settings`: show the settings and their sources."""

from rich.console import Console
from rich.table import Table

from ondol.project import load
from ondol.settings.report import effective

console = Console(soft_wrap=True)


def show_settings() -> None:
    """Show each effective setting with its source. Secrets are masked."""
    table = Table("setting", "value", "from")
    for setting in effective(load().settings):
        table.add_row(setting.name, setting.value, setting.source)
    console.print(table)
