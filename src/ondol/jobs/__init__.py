"""Durable jobs on PostgreSQL: procrastinate's tasks, enqueued in the transaction that needs them, run by a worker."""
