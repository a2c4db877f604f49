"""No overlapping bookings; pictures; payment events."""

import sqlalchemy as sa
from alembic import op

revision = "by_hand"
down_revision = "HEAD"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.create_check_constraint("ends_after_start", "bookings", "ends_at > starts_at", postgresql_not_valid=True)
    op.execute(
        # Exclusion constraints cannot be NOT VALID in PostgreSQL.
        "-- squawk-ignore constraint-missing-not-valid\n"
        "ALTER TABLE bookings ADD CONSTRAINT ex_bookings_overlap EXCLUDE USING gist "
        "(room_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (status = 'booked')"
    )
    op.create_table(
        "pictures",
        sa.Column("room_id", sa.Uuid(), nullable=False),
        sa.Column("media_type", sa.String(length=20), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name="fk_pictures_room_id_rooms", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("room_id", name="pk_pictures"),
    )
    op.create_table(
        "payment_events",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name="fk_payment_events_booking_id_bookings"),
        sa.PrimaryKeyConstraint("id", name="pk_payment_events"),
    )
    op.create_index("ix_payment_events_booking_id", "payment_events", ["booking_id"], unique=False)


def downgrade() -> None:
    op.drop_table("payment_events")
    op.drop_table("pictures")
    op.drop_constraint("ex_bookings_overlap", "bookings")
    op.drop_constraint("ck_bookings_ends_after_start", "bookings", type_="check")
