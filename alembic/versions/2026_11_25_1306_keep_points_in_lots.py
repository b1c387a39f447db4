"""Keep points in lots, with debts, seals, and the versions of each club's rules."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_1306"
down_revision = "2026_11_25_1310"
branch_labels = None
depends_on = None

APPEND_ONLY = ("points_movement_lots", "points_seals", "club_rules")


def upgrade() -> None:
    _accounts()
    _movements()
    _lots()
    _movement_lots()
    _seals()
    _club_rules()
    _fill()
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _accounts() -> None:
    for column in ("debt", "repaid", "redeemed_that_day"):
        op.add_column("points_accounts", sa.Column(column, sa.BigInteger(), server_default="0", nullable=False))
    for column in ("frozen_until", "idle_last_day", "redeemed_on"):
        op.add_column("points_accounts", sa.Column(column, sa.Date(), nullable=True))
    op.add_column("points_accounts", sa.Column("state", sa.Text(), server_default="open", nullable=False))
    op.create_check_constraint(op.f("ck_points_accounts_debt_not_negative"), "points_accounts", "debt >= 0")
    op.create_check_constraint(
        op.f("ck_points_accounts_state_known"), "points_accounts", "state IN ('open', 'frozen', 'closed')"
    )
    op.create_check_constraint(
        op.f("ck_points_accounts_frozen_has_state"), "points_accounts", "frozen_until IS NULL OR state = 'frozen'"
    )
    op.add_column("memberships", sa.Column("points_holder_id", sa.BigInteger(), nullable=True))
    op.execute("UPDATE memberships SET points_holder_id = customer_id")
    op.alter_column("memberships", "points_holder_id", nullable=False)
    op.drop_constraint(op.f("fk_memberships_customer_id_points_account_id"), "memberships")
    op.create_foreign_key(
        op.f("fk_memberships_points_holder_id_points_account_id"),
        "memberships",
        "points_accounts",
        ["points_holder_id", "points_account_id"],
        ["customer_id", "id"],
    )
    op.create_index("ix_memberships_points_account_id", "memberships", ["points_account_id"])


def _movements() -> None:
    op.add_column("points_movements", sa.Column("by_customer_id", sa.BigInteger(), nullable=True))
    for column in ("reverses_seq", "run_id", "approval_id"):
        op.add_column("points_movements", sa.Column(column, sa.BigInteger(), nullable=True))
    op.add_column("points_movements", sa.Column("rule_version", sa.Integer(), nullable=True))
    op.add_column("points_movements", sa.Column("reason", sa.Text(), nullable=True))
    op.execute("ALTER TABLE points_movements DISABLE TRIGGER append_only")
    op.execute("UPDATE points_movements SET by_customer_id = customer_id, rule_version = 1")
    op.execute("ALTER TABLE points_movements ENABLE TRIGGER append_only")
    op.alter_column("points_movements", "by_customer_id", nullable=False)
    op.drop_constraint(op.f("fk_points_movements_customer_id_receipt_id"), "points_movements")
    op.create_foreign_key(
        op.f("fk_points_movements_by_customer_id_receipt_id"),
        "points_movements",
        "receipts",
        ["by_customer_id", "receipt_id"],
        ["customer_id", "id"],
    )
    op.drop_constraint(op.f("ck_points_movements_moves_something"), "points_movements")
    op.create_check_constraint(
        op.f("ck_points_movements_moves_something"), "points_movements", "points <> 0 OR kind = 'released'"
    )
    op.create_check_constraint(op.f("ck_points_movements_reverses_earlier"), "points_movements", "reverses_seq < seq")


def _lots() -> None:
    op.create_table(
        "points_lots",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("available_on", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("earned_month", sa.Date(), nullable=True),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.Column("earned", sa.BigInteger(), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.Column("open", sa.Boolean(), sa.Computed("remaining > 0", persisted=True), nullable=False),
        sa.CheckConstraint("remaining BETWEEN 0 AND earned", name=op.f("ck_points_lots_remaining_in_range")),
        sa.CheckConstraint(
            "(available_on IS NULL) = (waits_for IS NOT NULL)", name=op.f("ck_points_lots_waits_for_something")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "account_id"],
            ["points_accounts.customer_id", "points_accounts.id"],
            name=op.f("fk_points_lots_customer_id_account_id"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "account_id", "id", name=op.f("pk_points_lots")),
        sa.UniqueConstraint(
            "customer_id",
            "account_id",
            "last_day",
            "earned_month",
            "available_on",
            "rule_version",
            "waits_for",
            name="uq_points_lots_bucket",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_points_lots_last_day", "points_lots", ["last_day"], postgresql_where=sa.text("open"))
    op.execute("ALTER TABLE points_lots SET (fillfactor = 70)")


def _movement_lots() -> None:
    op.create_table(
        "points_movement_lots",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("points <> 0", name=op.f("ck_points_movement_lots_moves_something")),
        sa.ForeignKeyConstraint(
            ["customer_id", "account_id", "seq"],
            ["points_movements.customer_id", "points_movements.account_id", "points_movements.seq"],
            name=op.f("fk_points_movement_lots_customer_id_account_id_seq"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "account_id", "seq", "lot_id", name=op.f("pk_points_movement_lots")),
    )


def _seals() -> None:
    op.create_table(
        "points_seals",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("ck_points_seals_hash_length")),
        sa.ForeignKeyConstraint(
            ["customer_id", "account_id", "seq"],
            ["points_movements.customer_id", "points_movements.account_id", "points_movements.seq"],
            name=op.f("fk_points_seals_customer_id_account_id_seq"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "account_id", "seq", name=op.f("pk_points_seals")),
    )


def _club_rules() -> None:
    op.create_table(
        "club_rules",
        sa.Column("club_id", sa.Integer(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("version_no > 0", name=op.f("ck_club_rules_version_above_zero")),
        sa.ForeignKeyConstraint(["club_id"], ["clubs.id"], name=op.f("fk_club_rules_club_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_club_rules_staff_id")),
        sa.PrimaryKeyConstraint("club_id", "version_no", name=op.f("pk_club_rules")),
    )


def _fill() -> None:
    """The rules as they were, and each account's points in one lot that never expires.

    A lot holds what is above zero of the balance after each movement, the debt what is below.
    """
    op.execute(
        "INSERT INTO club_rules (club_id, version_no, effective_from, document, at) "
        "SELECT id, 1, DATE '1900-01-01', '{}', now() FROM clubs"
    )
    op.execute(
        """
        WITH moved AS (
            SELECT customer_id, account_id, seq, on_date,
                   greatest(balance_after, 0) - greatest(balance_after - points, 0) AS to_lot
              FROM points_movements)
        INSERT INTO points_lots (customer_id, account_id, available_on, rule_version, earned_month, earned, remaining)
        SELECT customer_id, account_id, date_trunc('month', min(on_date)), 1, date_trunc('month', min(on_date)),
               sum(greatest(to_lot, 0)), sum(to_lot)
          FROM moved GROUP BY customer_id, account_id HAVING sum(greatest(to_lot, 0)) > 0
        """
    )
    op.execute(
        """
        INSERT INTO points_movement_lots (customer_id, account_id, seq, lot_id, points)
        SELECT m.customer_id, m.account_id, m.seq, part.lot_id, part.points
          FROM points_movements m
          LEFT JOIN points_lots l USING (customer_id, account_id)
         CROSS JOIN LATERAL (VALUES
               (l.id, greatest(m.balance_after, 0) - greatest(m.balance_after - m.points, 0)),
               (0, least(m.balance_after, 0) - least(m.balance_after - m.points, 0))) AS part (lot_id, points)
         WHERE part.points <> 0
        """
    )
    op.execute("UPDATE points_accounts SET debt = -balance WHERE balance < 0")


def downgrade() -> None:
    for table in ("club_rules", "points_seals", "points_movement_lots", "points_lots"):
        op.drop_table(table)
    op.drop_constraint(op.f("ck_points_movements_reverses_earlier"), "points_movements")
    op.drop_constraint(op.f("ck_points_movements_moves_something"), "points_movements")
    op.create_check_constraint(op.f("ck_points_movements_moves_something"), "points_movements", "points <> 0")
    op.drop_constraint(op.f("fk_points_movements_by_customer_id_receipt_id"), "points_movements")
    op.create_foreign_key(
        op.f("fk_points_movements_customer_id_receipt_id"),
        "points_movements",
        "receipts",
        ["customer_id", "receipt_id"],
        ["customer_id", "id"],
    )
    for column in ("by_customer_id", "reverses_seq", "run_id", "approval_id", "rule_version", "reason"):
        op.drop_column("points_movements", column)
    op.drop_index("ix_memberships_points_account_id", "memberships")
    op.drop_constraint(op.f("fk_memberships_points_holder_id_points_account_id"), "memberships")
    op.create_foreign_key(
        op.f("fk_memberships_customer_id_points_account_id"),
        "memberships",
        "points_accounts",
        ["customer_id", "points_account_id"],
        ["customer_id", "id"],
    )
    op.drop_column("memberships", "points_holder_id")
    op.drop_constraint(op.f("ck_points_accounts_frozen_has_state"), "points_accounts")
    op.drop_constraint(op.f("ck_points_accounts_debt_not_negative"), "points_accounts")
    op.drop_constraint(op.f("ck_points_accounts_state_known"), "points_accounts")
    for column in (
        "debt", "repaid", "redeemed_that_day", "frozen_until", "idle_last_day", "redeemed_on", "state",
    ):  # fmt: skip
        op.drop_column("points_accounts", column)
