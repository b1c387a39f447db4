"""Keep what each period brought each account, what was given for it, and who let much out."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_1637"
down_revision = "2026_11_25_1622"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _settlements()
    _coupons()
    _cards()
    _approvals()


def _number(name: str, default: str | None = "0", *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default=default, nullable=nullable)


def _settlements() -> None:
    op.create_table(
        "period_settlements",
        _number("customer_id", None),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        _number("account_id", None),
        sa.Column("club_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        _number("run_id", None, nullable=True),
        sa.Column("form", sa.Text(), nullable=False),
        _number("base", None),
        _number("carried"),
        _number("value"),
        sa.Column("pieces", sa.Integer(), server_default="0", nullable=False),
        _number("settled_before"),
        _number("to_fee_minor"),
        _number("taken"),
        _number("rest"),
        _number("rest_minor"),
        sa.Column("rate_bp", sa.Integer(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("usable_from", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("state", sa.Text(), server_default="given", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("first_on <= last_on", name=op.f("ck_period_settlements_days_in_order")),
        sa.CheckConstraint(
            "value >= 0 AND pieces >= 0 AND taken >= 0 AND to_fee_minor >= 0",
            name=op.f("ck_period_settlements_none_below_zero"),
        ),
        sa.CheckConstraint("state IN ('given', 'undone')", name=op.f("ck_period_settlements_state_known")),
        sa.ForeignKeyConstraint(["club_id"], ["clubs.id"], name=op.f("fk_period_settlements_club_id")),
        sa.ForeignKeyConstraint(
            ["customer_id", "account_id"],
            ["points_accounts.customer_id", "points_accounts.id"],
            name=op.f("fk_period_settlements_customer_id_account_id"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_period_settlements")),
    )
    op.create_index(
        "uq_period_settlements_once",
        "period_settlements",
        ["account_id", "club_id", "rule", "last_on"],
        unique=True,
        postgresql_where=sa.text("state = 'given'"),
    )
    op.create_index(
        "ix_period_settlements_period",
        "period_settlements",
        ["club_id", "rule", "last_on", "customer_id", "account_id"],
    )
    op.create_index("ix_period_settlements_run_id", "period_settlements", ["run_id", "customer_id", "id"])


def _of_settlement(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["customer_id", "settlement_id"],
        ["period_settlements.customer_id", "period_settlements.id"],
        name=op.f(f"fk_{table}_customer_id_settlement_id"),
    )


def _coupons() -> None:
    op.create_table(
        "reward_coupons",
        _number("customer_id", None),
        _number("settlement_id", None),
        _number("coupon_id", None),
        _of_settlement("reward_coupons"),
        sa.ForeignKeyConstraint(
            ["customer_id", "coupon_id"],
            ["coupons.customer_id", "coupons.id"],
            name=op.f("fk_reward_coupons_customer_id_coupon_id"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "settlement_id", "coupon_id", name=op.f("pk_reward_coupons")),
    )


def _cards() -> None:
    op.create_table(
        "reward_cards",
        _number("customer_id", None),
        _number("settlement_id", None),
        _number("card_customer_id", None),
        _number("card_id", None),
        _of_settlement("reward_cards"),
        sa.ForeignKeyConstraint(
            ["card_customer_id", "card_id"],
            ["stored_value_cards.customer_id", "stored_value_cards.id"],
            name=op.f("fk_reward_cards_card_customer_id_card_id"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "settlement_id", name=op.f("pk_reward_cards")),
    )


def _approvals() -> None:
    op.create_table(
        "reward_approvals",
        sa.Column("club_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        _number("value", None),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["club_id"], ["clubs.id"], name=op.f("fk_reward_approvals_club_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_reward_approvals_staff_id")),
        sa.PrimaryKeyConstraint("club_id", "rule", "last_on", name=op.f("pk_reward_approvals")),
    )


def downgrade() -> None:
    for table in ("reward_approvals", "reward_cards", "reward_coupons", "period_settlements"):
        op.drop_table(table)
