"""Keep events that are told of members, and what rules gave for them."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_0425"
down_revision = "2026_11_26_0440"
branch_labels = None
depends_on = None

_CAUSES = (
    "first", "purchase", "return", "time", "by_hand", "by_hand_ended", "rules", "merge", "household", "paid",
    "paid_ended",
)  # fmt: skip


def upgrade() -> None:
    _events()
    _gains()
    _causes(*_CAUSES, "event")


def _events() -> None:
    op.create_table(
        "programme_events",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("receipt_customer_id", sa.BigInteger(), nullable=True),
        sa.Column("receipt_id", sa.BigInteger(), nullable=True),
        sa.Column("friend_id", sa.BigInteger(), nullable=True),
        sa.Column("awaited_id", sa.BigInteger(), nullable=True),
        sa.Column("waits", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=True),
        sa.Column("terminal_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "num_nulls(receipt_customer_id, receipt_id) <> 1", name=op.f("ck_programme_events_receipt_whole")
        ),
        sa.CheckConstraint("friend_id <> customer_id", name=op.f("ck_programme_events_friend_another")),
        sa.CheckConstraint(
            "NOT waits OR awaited_id IS NOT NULL", name=op.f("ck_programme_events_waits_for_somebody")
        ),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_programme_events_{column}"))
            for column, table in (
                ("customer_id", "customers"), ("friend_id", "customers"), ("awaited_id", "customers"),
                ("store_id", "stores"), ("terminal_id", "terminals"), ("staff_id", "staff"),
            )
        ),
        sa.ForeignKeyConstraint(
            ["receipt_customer_id", "receipt_id"],
            ["receipts.customer_id", "receipts.id"],
            name=op.f("fk_programme_events_receipt_customer_id_receipt_id"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_programme_events")),
    )  # fmt: skip
    op.create_index("uq_programme_events_friend", "programme_events", ["friend_id"], unique=True)
    op.create_index(
        "ix_programme_events_awaited", "programme_events", ["awaited_id"], postgresql_where=sa.text("waits")
    )
    op.create_index(
        "ix_programme_events_receipt", "programme_events", ["receipt_id"],
        postgresql_where=sa.text("receipt_id IS NOT NULL"),
    )  # fmt: skip


def _gains() -> None:
    op.create_table(
        "event_gains",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("event_customer_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("club_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("once_key", sa.Text(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("points", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("holder_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("receipt_customer_id", sa.BigInteger(), nullable=True),
        sa.Column("receipt_id", sa.BigInteger(), nullable=True),
        sa.Column("taken_seq", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "num_nulls(holder_id, account_id, seq) IN (0, 3)", name=op.f("ck_event_gains_movement_whole")
        ),
        sa.CheckConstraint("taken_seq > seq", name=op.f("ck_event_gains_taken_after")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_event_gains_customer_id")),
        sa.ForeignKeyConstraint(["club_id"], ["clubs.id"], name=op.f("fk_event_gains_club_id")),
        sa.ForeignKeyConstraint(
            ["event_customer_id", "event_id"],
            ["programme_events.customer_id", "programme_events.id"],
            name=op.f("fk_event_gains_event_customer_id_event_id"),
        ),
        sa.ForeignKeyConstraint(
            ["holder_id", "account_id", "seq"],
            ["points_movements.customer_id", "points_movements.account_id", "points_movements.seq"],
            name=op.f("fk_event_gains_holder_id_account_id_seq"),
        ),
        sa.ForeignKeyConstraint(
            ["receipt_customer_id", "receipt_id"],
            ["receipts.customer_id", "receipts.id"],
            name=op.f("fk_event_gains_receipt_customer_id_receipt_id"),
        ),
        sa.PrimaryKeyConstraint(
            "customer_id", "event_customer_id", "event_id", "club_id", "rule", name=op.f("pk_event_gains")
        ),
    )
    keys = ["customer_id", "club_id", "rule", "once_key"]
    op.create_index("uq_event_gains_once", "event_gains", keys, unique=True)
    op.create_index("ix_event_gains_event", "event_gains", ["event_customer_id", "event_id"])
    op.create_index(
        "ix_event_gains_receipt", "event_gains", ["receipt_id"], postgresql_where=sa.text("receipt_id IS NOT NULL")
    )


def _causes(*causes: str) -> None:
    name = op.f("ck_level_changes_cause_known")
    op.drop_constraint(name, "level_changes", type_="check")
    op.create_check_constraint(name, "level_changes", f"cause IN ({', '.join(map(repr, causes))})")


def downgrade() -> None:
    op.execute("UPDATE level_changes SET cause = 'time' WHERE cause = 'event'")
    _causes(*_CAUSES)
    op.drop_table("event_gains")
    op.drop_table("programme_events")
