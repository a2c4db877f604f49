"""The settings JOBS__…."""

from pydantic import Field

from ondol.options import Group


class JobsSettings(Group):
    """The job worker."""

    concurrency: int = Field(4, ge=1, description="Jobs that one worker runs at the same time.")
    grace_seconds: float = Field(20.0, gt=0, description="On SIGTERM, how long running jobs may still take.")
    keep_failed_days: int = Field(30, ge=1, description="How long failed and cancelled jobs are kept.")
    heartbeat_seconds: float = Field(2.0, gt=0, description="How often a worker reports that it is alive.")
    stalled_after_seconds: float = Field(
        7.0, gt=0, description="A worker without a heartbeat for this long counts as dead; its jobs run again."
    )
