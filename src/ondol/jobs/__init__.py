"""Durable jobs in PostgreSQL: procrastinate's tasks, enqueued in the transaction that needs them, run by a worker."""
