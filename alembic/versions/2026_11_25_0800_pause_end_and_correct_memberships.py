"""Let memberships be paused, ended, restored and corrected, and keep what was done."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_0800"
down_revision = "2026_11_25_0730_price_lists"
branch_labels = None
depends_on = None

KINDS = "'joining', 'renewal', 'extension', 'resumption', 'correction'"


def upgrade() -> None:
    op.add_column("clubs", sa.Column("renewal_from", sa.Text(), server_default="old_end", nullable=False))
    op.add_column("clubs", sa.Column("grace_days", sa.Integer(), server_default="0", nullable=False))
    op.add_column("clubs", sa.Column("pause_moves_end", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    op.add_column("clubs", sa.Column("warning_days", sa.Integer(), server_default="30", nullable=False))
    op.add_column("clubs", sa.Column("undo_days", sa.Integer(), server_default="14", nullable=False))
    op.create_check_constraint(op.f("ck_clubs_renewal_from_known"), "clubs", "renewal_from IN ('old_end', 'today')")
    op.create_check_constraint(
        op.f("ck_clubs_days_in_range"),
        "clubs",
        "grace_days BETWEEN 0 AND 366 AND warning_days BETWEEN 0 AND 366 AND undo_days BETWEEN 0 AND 366",
    )
    op.add_column("memberships", sa.Column("state", sa.Text(), server_default="open", nullable=False))
    op.add_column("memberships", sa.Column("state_on", sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_memberships_state_known"), "memberships", "state IN ('open', 'paused', 'ended')"
    )
    op.create_check_constraint(
        op.f("ck_memberships_state_has_day"), "memberships", "(state = 'open') = (state_on IS NULL)"
    )
    op.drop_constraint(op.f("ck_membership_periods_has_days"), "membership_periods")
    op.create_check_constraint(
        op.f("ck_membership_periods_has_first_day"),
        "membership_periods",
        "isempty(validity) OR lower(validity) IS NOT NULL",
    )
    op.drop_constraint(op.f("ck_membership_periods_kind_known"), "membership_periods")
    op.create_check_constraint(op.f("ck_membership_periods_kind_known"), "membership_periods", f"kind IN ({KINDS})")
    op.create_table(
        "membership_events",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("event_no", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("points", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("terminal_id", sa.Integer(), nullable=True),
        sa.Column("store_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('pause', 'resumption', 'termination', 'restoration', 'correction')",
            name=op.f("ck_membership_events_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "membership_id"],
            ["memberships.customer_id", "memberships.id"],
            name=op.f("fk_membership_events_customer_id_membership_id"),
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_membership_events_staff_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_membership_events_store_id")),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name=op.f("fk_membership_events_terminal_id")),
        sa.PrimaryKeyConstraint("customer_id", "membership_id", "event_no", name=op.f("pk_membership_events")),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON membership_events "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
