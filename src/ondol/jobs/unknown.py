"""Postponement of jobs with an unknown task.

During a deployment, new web processes enqueue tasks that an old worker does not have. Each pause is as long as the job
has been due; after a day the job fails.
"""

from typing import Any

from procrastinate import App, BaseRetryStrategy, Blueprint, JobContext, RetryDecision
from procrastinate.jobs import Job

from ondol.jobs.queue import AnyTask

FIRST_SECONDS, MOST_SECONDS, GIVEN_UP_SECONDS = 2, 3_600, 86_400

# The worker counts a pause as an attempt, so this uncounts it.
_WAIT = """
    UPDATE procrastinate_jobs SET attempts = attempts - 1 WHERE id = %(id)s
    RETURNING (
        SELECT extract(epoch FROM now() - greatest(
            min(at) FILTER (WHERE type = 'deferred'),
            min(at) FILTER (WHERE type = 'scheduled'),
            max(at) FILTER (WHERE type = 'retried')
        ))::float FROM procrastinate_events WHERE job_id = %(id)s
    ) AS age
"""


class UnknownTask(Exception):
    """The worker does not have the task. `age_seconds`: time since the job was due, or was retried by hand."""

    def __init__(self, name: str, age_seconds: float) -> None:
        self.age_seconds = age_seconds
        super().__init__(f"This worker has no task {name!r}.")


class _Wait(BaseRetryStrategy):
    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if not isinstance(exception, UnknownTask) or exception.age_seconds > GIVEN_UP_SECONDS:
            return None
        seconds = min(max(int(exception.age_seconds), FIRST_SECONDS), MOST_SECONDS)
        return RetryDecision(retry_in={"seconds": seconds})


class Tasks(dict[str, AnyTask]):
    """The tasks of a worker, with a placeholder for every unknown name."""

    def __init__(self, app: App) -> None:
        super().__init__(app.tasks)
        self._app = app

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else self._stand_in(name)

    def _stand_in(self, name: str) -> AnyTask:
        @Blueprint().task(name=name, pass_context=True, retry=_Wait())
        async def wait(context: JobContext, /, **_: Any) -> None:
            row = await self._app.connector.execute_query_one_async(_WAIT, id=context.job.id)
            raise UnknownTask(name, row["age"])

        return wait
