"""Alembic's environment. `ondol db …` calls it and sets the database."""

from alembic import context
from ondol.db.migrations import run_migrations

from app.models import Model

run_migrations(context, Model.metadata)
