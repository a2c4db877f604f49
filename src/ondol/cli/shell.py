"""`ondol shell`: Python with top-level `await`, in the project with its runtime open."""

import ast
import asyncio
import code
import contextlib
import importlib
import inspect
import pkgutil
import threading
import traceback
from collections.abc import Coroutine
from types import CodeType, FunctionType
from typing import Annotated, Any, TypeVar

import typer
from sqlalchemy import select

from ondol.cli.project_commands import command_client
from ondol.project import load
from ondol.runtime import UnitOfWork
from ondol.startup import prepare_development_database

with contextlib.suppress(ImportError):  # gives input() a history
    import readline  # noqa: F401

T = TypeVar("T")

BANNER = """\
Python with await, in {}: runtime, settings, client, select, the models and services, and `work`, which only reads.
To write, and commit at the end of the block:  async with runtime.transaction(client) as writing:"""


def shell(command: Annotated[str | None, typer.Option("-c", help="Run this code and leave.")] = None) -> None:
    """Run Python with `await` in the project. Its runtime, a unit of work, models and services are defined."""
    runtime, client = load(), command_client()
    loop = asyncio.new_event_loop()  # it runs in a thread, also while a person types: invalidations arrive
    threading.Thread(target=loop.run_forever, daemon=True).start()
    _wait(runtime.open(), loop)
    try:
        if runtime.settings.database_url is None:
            prepare_development_database(runtime.servers.direct_url, runtime.settings.project_folder)
        work = UnitOfWork(runtime.database.reading(), runtime, client)
        given = {"runtime": runtime, "settings": runtime.settings, "client": client, "work": work, "select": select}
        console = Console({**_classes("models"), **_classes("services"), **given})
        console.loop, console.work = loop, work
        console.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        if command is None:
            console.interact(BANNER.format(runtime.settings.environment.value), exitmsg="")
        else:
            console.run(compile(command, "<string>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT))
    finally:
        _wait(runtime.close(), loop)


class Console(code.InteractiveConsole):
    """A console that runs its statements in `loop`. After each, objects that `work` read are detached."""

    loop: asyncio.AbstractEventLoop
    work: UnitOfWork[Any]

    def runcode(self, code: CodeType) -> None:
        try:
            self.run(code)
        except Exception as error:
            while (trace := error.__traceback__) and trace.tb_frame.f_code.co_filename != self.filename:
                error.__traceback__ = trace.tb_next
            traceback.print_exception(error)

    def run(self, code: CodeType) -> None:
        """Run the code. Raises what it raises, and KeyboardInterrupt."""
        if leaving := _wait(self._evaluate(code), self.loop):
            raise leaving

    async def _evaluate(self, code: CodeType) -> SystemExit | None:
        try:
            if inspect.iscoroutine(result := FunctionType(code, self.locals)()):
                await result
        except SystemExit as leaving:  # raised here it would end the loop
            return leaving
        finally:
            await self.work.session.reset()  # the next statement reads current data
        return None


def _wait(coroutine: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T:
    """Return the result of a coroutine in the loop's thread. Ctrl-C cancels it."""
    running = asyncio.run_coroutine_threadsafe(coroutine, loop)
    try:
        return running.result()
    except KeyboardInterrupt:
        running.cancel()
        raise


def _classes(part: str) -> dict[str, Any]:
    """Return the classes of the modules of `app.models` or `app.services`, by name."""
    found = pkgutil.walk_packages([f"app/{part}"], package := f"app.{part}.")
    members = [member for each in found for member in vars(importlib.import_module(each.name)).items()]
    return {name: it for name, it in members if inspect.isclass(it) and it.__module__.startswith(package)}
