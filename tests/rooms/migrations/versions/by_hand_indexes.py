"""Indexes and checks that read the whole table while it is in use. A separate migration, so that it can be rerun."""

from alembic import op

revision = "by_hand_indexes"
down_revision = "by_hand"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE bookings VALIDATE CONSTRAINT ck_bookings_ends_after_start")
        op.create_index(
            "ix_bookings_starts_at",
            "bookings",
            ["starts_at"],
            unique=False,
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("ix_bookings_starts_at", table_name="bookings", postgresql_concurrently=True, if_exists=True)
