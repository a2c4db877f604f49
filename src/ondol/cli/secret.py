"""`ondol secret`: rotate the signing secret."""

import os
from pathlib import Path
from typing import Annotated

import typer

from ondol.settings.rotation import CURRENT, NEXT, PREVIOUS, next_step, read_environment_file, written

app = typer.Typer(no_args_is_help=True, help="Rotate the signing secret.")


@app.command(epilog="Example: ondol secret rotate --file .env")
def rotate(
    file: Annotated[Path, typer.Option("--file", help="File with the settings, if you use one.")] = Path(".env"),
) -> None:
    """Take the next of the three steps that rotate AUTH__SECRET_KEY without logging anyone out.

    If the file does not set it, reads the environment and prints the new values, for a secret manager.
    """
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    given = read_environment_file(text)
    if CURRENT in given:
        step = next_step(given)
        temporary = file.with_name(f"{file.name}.new")
        temporary.touch(mode=0o600)
        temporary.write_text(written(text, step.values), encoding="utf-8")
        temporary.replace(file)
        typer.echo(f"{file}: {step.said}")
        return
    step = next_step({name: os.environ[name] for name in (CURRENT, NEXT, PREVIOUS) if os.environ.get(name)})
    for name, value in step.values.items():
        typer.echo(f"unset {name}" if value is None else f"{name}={value}")
    typer.echo(step.said, err=True)
