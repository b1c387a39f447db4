"""Keep the level of each membership, its history, and levels given by hand."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_1611"
down_revision = "2026_11_25_1600"
branch_labels = None
depends_on = None


def _of_membership(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["customer_id", "membership_id"],
        ["memberships.customer_id", "memberships.id"],
        name=op.f(f"fk_{table}_customer_id_membership_id"),
    )


def _key() -> list[sa.Column[int]]:
    return [
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
    ]


def upgrade() -> None:
    _levels()
    _changes()
    _overrides()


def _levels() -> None:
    op.create_table(
        "membership_levels",
        *_key(),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("kept_until", sa.Date(), nullable=True),
        sa.Column("by_hand", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("counted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("next_level", sa.Text(), nullable=True),
        sa.Column("missing", sa.BigInteger(), nullable=True),
        sa.Column("next_until", sa.Date(), nullable=True),
        sa.Column("quiet_below", sa.BigInteger(), nullable=True),
        sa.Column("quiet_last", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("rules_no", sa.Integer(), nullable=False),
        sa.Column("looked_on", sa.Date(), nullable=False),
        sa.Column("receipts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_no", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("level <> ''", name=op.f("ck_membership_levels_level_named")),
        sa.CheckConstraint(
            "(next_level IS NULL) = (missing IS NULL)", name=op.f("ck_membership_levels_missing_for_next")
        ),
        _of_membership("membership_levels"),
        sa.PrimaryKeyConstraint("customer_id", "membership_id", name=op.f("pk_membership_levels")),
    )
    op.create_index("ix_membership_levels_due_on", "membership_levels", ["due_on"])


def _changes() -> None:
    op.create_table(
        "level_changes",
        *_key(),
        sa.Column("change_no", sa.Integer(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("level_before", sa.Text(), nullable=True),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), nullable=True),
        sa.Column("rules_no", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("terminal_id", sa.Integer(), nullable=True),
        sa.Column("store_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "cause IN ('first', 'purchase', 'return', 'time', 'by_hand', 'by_hand_ended', 'rules')",
            name=op.f("ck_level_changes_cause_known"),
        ),
        sa.CheckConstraint("level_before <> level", name=op.f("ck_level_changes_changes_something")),
        _of_membership("level_changes"),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id"],
            ["receipts.customer_id", "receipts.id"],
            name=op.f("fk_level_changes_customer_id_receipt_id"),
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_level_changes_staff_id")),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name=op.f("fk_level_changes_terminal_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_level_changes_store_id")),
        sa.PrimaryKeyConstraint("customer_id", "membership_id", "change_no", name=op.f("pk_level_changes")),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON level_changes "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _overrides() -> None:
    op.create_table(
        "level_overrides",
        *_key(),
        sa.Column("override_no", sa.Integer(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_level_overrides_has_reason")),
        _of_membership("level_overrides"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_level_overrides_staff_id")),
        sa.PrimaryKeyConstraint("customer_id", "membership_id", "override_no", name=op.f("pk_level_overrides")),
    )


def downgrade() -> None:
    op.drop_table("level_overrides")
    op.drop_table("level_changes")
    op.drop_table("membership_levels")
