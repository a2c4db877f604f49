"""Durable jobs on PostgreSQL: enqueued in the transaction that needs them, run by `ondol worker`."""

from ondol.jobs.queue import Job, enqueue, job

__all__ = ["Job", "enqueue", "job"]
