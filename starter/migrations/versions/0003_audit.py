"""The audit log. It may exist, if the feature was removed and added again, or from an earlier starter."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("action", sa.String(length=50), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("user_agent", sa.String(length=200), nullable=False),
        sa.Column("request_id", sa.String(length=128), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
        if_not_exists=True,
    )
    op.create_index("ix_audit_log_action_id", "audit_log", ["action", "id"], if_not_exists=True)
    op.create_index("ix_audit_log_at", "audit_log", ["at"], if_not_exists=True)
    op.create_index("ix_audit_log_actor_id_id", "audit_log", ["actor_id", "id"], if_not_exists=True)
    op.create_index("ix_audit_log_target_id_id", "audit_log", ["target_id", "id"], if_not_exists=True)
    # Every role, even the owner of the table, may only add rows, and delete those older than 90 days.
    op.execute("""
        CREATE OR REPLACE FUNCTION refuse_change_of_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND OLD.at < now() - interval '90 days' THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
        END $$
    """)
    op.execute("""
        CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON audit_log
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit_log()
    """)
    op.execute("""
        CREATE OR REPLACE TRIGGER keep BEFORE DELETE ON audit_log
        FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit_log()
    """)


def downgrade() -> None:
    op.drop_table("audit_log", if_exists=True)
    op.execute("DROP FUNCTION IF EXISTS refuse_change_of_audit_log()")
