"""`ondol secret`: the secret that signs, and what hashing costs here."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from ondol.auth.passwords import ARGON2_ITERATIONS, ARGON2_MEMORY_KIB, PasswordHasher
from ondol.secrets import CURRENT, NEXT, PREVIOUS, next_step, read_environment_file, written

app = typer.Typer(no_args_is_help=True, help="The secret that signs; what hashing a password costs.")

MOST_ITERATIONS, ROUNDS = 50, 3


@app.command(epilog="Example: ondol secret rotate --file .env")
def rotate(
    file: Annotated[Path, typer.Option("--file", help="The file that holds the settings, if there is one.")] = Path(
        ".env"
    ),
) -> None:
    """Take the next of the three steps that exchange AUTH__SECRET_KEY without logging anybody out.

    Where the file does not set it, the step is taken from the environment and printed, for a secret manager.
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


@app.command(epilog="Example: ondol secret tune --milliseconds 100")
def tune(
    milliseconds: Annotated[int, typer.Option("--milliseconds", min=1, help="What one hash may take.")] = 50,
) -> None:
    """Measure Argon2id on this machine, and print the settings that come nearest. Never below OWASP's minimum."""
    best, took = ARGON2_ITERATIONS, _milliseconds(ARGON2_ITERATIONS)
    for iterations in range(ARGON2_ITERATIONS + 1, MOST_ITERATIONS):
        longer = _milliseconds(iterations)
        if longer > milliseconds:
            break
        best, took = iterations, longer
    typer.echo(f"AUTH__ARGON2_MEMORY_KIB={ARGON2_MEMORY_KIB}\nAUTH__ARGON2_ITERATIONS={best}")
    typer.echo(f"One hash takes {took:.0f} ms here; hashes of before are replaced as people log in.", err=True)


def _milliseconds(iterations: int) -> float:
    """The best of three: the others waited for something else."""
    hasher = PasswordHasher(argon2_iterations=iterations)
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        hasher.hash_now("a password to measure with")
        taken.append(time.perf_counter() - started)
    return min(taken) * 1000
