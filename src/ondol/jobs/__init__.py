"""Durable jobs on PostgreSQL: procrastinate's tasks, enqueued in the transaction that needs them, run by a worker."""

from ondol.jobs.queue import AnyTask, enqueue, enqueue_once, retries

__all__ = ["AnyTask", "enqueue", "enqueue_once", "retries"]
