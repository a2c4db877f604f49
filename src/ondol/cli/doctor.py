"""`ondol doctor`: find problems in the project."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from fastapi import FastAPI
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from ondol.doctor.files import check_files
from ondol.doctor.findings import Finding, Level, error
from ondol.doctor.routes import check_routes
from ondol.doctor.servers import check_servers
from ondol.project import attribute, enter, load, project_folder
from ondol.settings.load import NOT_UTF8, sentences

console = Console(highlight=False, soft_wrap=True)


def doctor(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Find problems in the project's settings, servers, clocks, migrations, routes and starter, and say how to fix
    them. Exits with 1 if there is an error."""
    findings = list(_findings(project_folder()))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        _show(findings)
    raise typer.Exit(int(any(finding.level is Level.ERROR for finding in findings)))


def _findings(project: Path) -> Iterator[Finding]:
    yield from check_files(project)
    enter(project)
    settings: Any = attribute("app.settings", "AppSettings")
    try:
        settings()
    except ValidationError as faults:
        # The application does not start with these, so nothing else can be checked.
        yield from (error("settings", fault, "Correct this setting.") for fault in sentences(faults))
        return
    except UnicodeDecodeError:
        yield error("settings", NOT_UTF8, "Save it as UTF-8.")
        return
    runtime = load(project)
    is_embedded = runtime.settings.database_url is None
    yield from check_servers(asyncio.run(runtime.locate_servers()), project, is_embedded=is_embedded)
    app = attribute("main", "app")
    assert isinstance(app, FastAPI)
    yield from check_routes(app)


def _show(findings: list[Finding]) -> None:
    colours = {Level.ERROR: "red", Level.WARNING: "yellow"}
    for finding in findings:
        colour = colours[finding.level]
        console.print(f"[{colour}]{finding.level}[/{colour}]  {finding.about}: {escape(finding.problem)}")
        console.print(f"       {escape(finding.remedy)}")
    errors = sum(finding.level is Level.ERROR for finding in findings)
    console.print(f"{errors} errors, {len(findings) - errors} warnings." if findings else "No problems found.")
