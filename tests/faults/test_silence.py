"""A silent network to PostgreSQL: connections stay open, but no data passes."""

import asyncio
import time

import pytest
from production_rig import Production
from silent_proxy import SilentProxy
from sqlalchemy import make_url
from steady_load import Load

pytestmark = pytest.mark.whole


async def test_every_request_is_answered_and_the_service_comes_back(prod: Production) -> None:
    target = make_url(prod.database_url)
    with SilentProxy(target.port or 5432).running() as proxy:
        url = target.set(port=proxy.port).render_as_string(hide_password=False)
        load = Load(prod, [""], clients=18)
        with prod.web(
            "silent",
            DATABASE_URL=url,
            DATABASE_DIRECT_URL=prod.database_url,
            HTTP__TIMEOUT_SECONDS="2",
            DATABASE__COMMIT_TIMEOUT_SECONDS="1",
            DATABASE__CONNECT_TIMEOUT_SECONDS="2",
            DATABASE__POOL_TIMEOUT_SECONDS="2",
        ) as web:
            load.bases[:] = [web.base]
            with load.running() as outcome:
                while len(outcome.acknowledged) < 20:
                    await asyncio.sleep(0.1)
                proxy.is_silent = True
                before = sum(outcome.answers.values())
                await asyncio.sleep(8)
                in_silence = sum(outcome.answers.values()) - before
                proxy.is_silent = False
                served = len(outcome.acknowledged)
                started = time.monotonic()
                while len(outcome.acknowledged) < served + 20:
                    assert time.monotonic() - started < 30
                    await asyncio.sleep(0.1)
    assert (outcome.broken, outcome.unexpected) == ({}, [])
    assert in_silence >= 18
    assert set(outcome.refusals) <= {"database_unavailable", "outcome_unknown", "timed_out"}
