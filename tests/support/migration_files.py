"""Migrations that a test adds to the starter."""

NICKNAME = (
    'from alembic import op\n\nrevision = "0004"\ndown_revision = "0003"\nbranch_labels = depends_on = None\n\n\n'
    'def upgrade() -> None:\n    op.execute("ALTER TABLE users ADD COLUMN nickname varchar")\n\n\n'
    'def downgrade() -> None:\n    op.drop_column("users", "nickname")\n'
)
