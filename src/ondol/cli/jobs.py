"""`ondol jobs`: what waits, what failed, and what to do about it."""

from typing import Annotated

import typer

from ondol.cli.project_commands import AsJson, run, show
from ondol.jobs.control import Status, cancel_job, list_jobs, retry_jobs

app = typer.Typer(no_args_is_help=True, help="The jobs of the project's queue.")

Number = Annotated[int, typer.Argument(help="The job's number.")]
COLUMNS = ("id", "task", "status", "attempts", "changed_at", "scheduled_at", "arguments")


@app.command("list", epilog="Example: ondol jobs list --status todo")
def list_(
    *,
    status: Annotated[Status | None, typer.Option("--status", help="Only those.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the newest hundred jobs. Those that succeeded are deleted."""
    show(run(lambda work: list_jobs(work.session, status)), COLUMNS, as_json=as_json)


@app.command(epilog="Example: ondol jobs failed --json")
def failed(*, as_json: AsJson = False) -> None:
    """List jobs that have had all their attempts. Why is in the log, as job_failed with the job's number."""
    list_(status="failed", as_json=as_json)


@app.command(epilog="Example: ondol jobs retry 17")
def retry(
    number: Annotated[int | None, typer.Argument(help="The job's number.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that failed.")] = False,
) -> None:
    """Run a job again that failed or was cancelled, with all its attempts."""
    if (number is None) is not everything:
        raise typer.BadParameter("name one job, or --all.")
    retried = run(lambda work: retry_jobs(work.session, number))
    typer.echo(f"{len(retried)} will run again.")


@app.command(epilog="Example: ondol jobs cancel 17")
def cancel(number: Number) -> None:
    """Cancel a job that waits; `retry` brings it back."""
    run(lambda work: cancel_job(work.session, number))
    typer.echo("Cancelled.")
