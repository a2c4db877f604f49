"""The drain, as a project sees it."""

import asyncio

from ondol.server.drain import Drain


async def test_each_call_is_made_once_also_beside_one_that_fails() -> None:
    drain, heard = Drain(0), []

    def fail() -> None:
        raise RuntimeError("no")

    drain.when_begun(fail)
    drain.when_begun(lambda: heard.append("before"))
    drain.when_begun(lambda: heard.append("taken back"))()
    drain.has_begun = True  # as the signal handler sets it, before the event loop runs
    drain.when_begun(lambda: heard.append("late"))
    await asyncio.sleep(0)
    assert sorted(heard) == ["before", "late"]
