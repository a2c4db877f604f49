"""The error hook gets the errors of requests and jobs, and its own failure has no effect."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk
from fastapi import FastAPI
from fastapi.testclient import TestClient
from procrastinate import Blueprint
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from ondol.db.session import Database
from ondol.jobs.queue import enqueue
from ondol.runtime import Runtime
from ondol.settings import Settings
from ondol.web.app import install


@Blueprint().task(name="broken")
async def broken_job() -> None:
    raise RuntimeError("in a job")


def application(database_url: str, redis_url: str, folder: Path, report: Any) -> FastAPI:
    settings = Settings(environment="test", database_url=database_url, redis_url=redis_url, project_folder=folder)
    runtime = Runtime(settings, jobs=[broken_job], on_error=report)
    app = FastAPI(lifespan=runtime.lifespan)
    install(app, runtime)

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("in a request")

    return app


def test_requests_and_jobs_report_where_they_broke(database_url: str, redis_url: str, tmp_path: Path) -> None:
    reports: list[tuple[str, Mapping[str, Any]]] = []
    app = application(database_url, redis_url, tmp_path, lambda error, context: reports.append((str(error), context)))
    with TestClient(app) as client:
        answer = client.get("/broken", headers={"X-Request-ID": "report-this-one"})
        assert (answer.status_code, answer.json()["request_id"]) == (500, "report-this-one")

        async def run_the_job() -> None:
            database = Database(database_url)
            async with database.transaction() as session:
                await enqueue(session, broken_job)
            await database.close()
            await app.state.runtime.worker().run(until_empty=True)

        assert client.portal is not None
        client.portal.call(run_the_job)
    [(first, request), (second, job_context)] = reports
    assert first == "in a request"
    assert request == {"request_id": "report-this-one", "method": "GET", "path": "/broken"}
    assert second == "in a job"
    assert (job_context["job"], job_context["attempt"]) == ("broken", 1)


def test_a_hook_that_fails_changes_no_answer(database_url: str, redis_url: str, tmp_path: Path) -> None:
    def report(error: BaseException, context: Mapping[str, Any]) -> None:
        raise ConnectionError("the tracker is down")

    with TestClient(application(database_url, redis_url, tmp_path, report)) as client:
        assert client.get("/broken").json()["code"] == "internal_error"


class Kept(Transport):
    envelopes: list[Envelope]

    def __init__(self) -> None:
        super().__init__()
        self.envelopes = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.envelopes.append(envelope)


def test_sentry_gets_the_error_and_the_request_id(
    database_url: str, redis_url: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    kept = Kept()
    sentry_sdk.init(dsn="https://key@sentry.invalid/1", transport=kept, default_integrations=False)

    def report(error: BaseException, context: Mapping[str, Any]) -> None:
        sentry_sdk.capture_exception(error, contexts={"ondol": dict(context)})

    with TestClient(application(database_url, redis_url, tmp_path, report)) as client:
        client.get("/broken", headers={"X-Request-ID": "report-this-one"})
    [event] = [item.payload.json for envelope in kept.envelopes for item in envelope.items]
    assert event is not None
    assert event["exception"]["values"][0]["value"] == "in a request"
    assert event["contexts"]["ondol"]["request_id"] == "report-this-one"
    sentry_sdk.init()
