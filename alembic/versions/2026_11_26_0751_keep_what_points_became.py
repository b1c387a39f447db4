"""Keep what points became when their club converted them, so that it is done once and can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_0751"
down_revision = "2026_11_26_0740"
branch_labels = None
depends_on = None

_TABLE = "points_conversions"


def upgrade() -> None:
    op.create_table(
        _TABLE,
        _number("customer_id"),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        _number("account_id"),
        sa.Column("club_id", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("rules_no", sa.Integer(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        _number("from_points"),
        _number("to_points", nullable=True),
        sa.Column("to_club", sa.Text(), nullable=True),
        _number("points", "0"),
        _number("seq", nullable=True),
        _number("became", "0"),
        _number("to_holder_id", nullable=True),
        _number("to_account_id", nullable=True),
        _number("to_seq", nullable=True),
        _number("owed", "0"),
        _number("owes", "0"),
        _number("card_customer_id", nullable=True),
        _number("card_id", nullable=True),
        _number("run_id", nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        *_checks(),
        _key(["customer_id", "account_id"], "points_accounts"),
        _key(["to_holder_id", "to_account_id"], "points_accounts"),
        _key(["card_customer_id", "card_id"], "stored_value_cards"),
        sa.ForeignKeyConstraint(["club_id"], ["clubs.id"], name=op.f("fk_points_conversions_club_id")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_points_conversions")),
    )
    op.create_index("ix_points_conversions_account", _TABLE, ["account_id"])
    op.create_index("ix_points_conversions_run_id", _TABLE, ["run_id", "customer_id", "id"])


def downgrade() -> None:
    op.drop_table(_TABLE)


def _number(name: str, default: str | None = None, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default=default, nullable=nullable)


def _key(columns: list[str], table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{_TABLE}_{'_'.join(columns)}")
    return sa.ForeignKeyConstraint(columns, [f"{table}.customer_id", f"{table}.id"], name=name)


def _checks() -> tuple[sa.CheckConstraint, ...]:
    said = {
        "cause_known": "cause IN ('switch', 'lapse', 'end')",
        "none_below_zero": "points >= 0 AND became >= 0 AND owed >= 0 AND owes >= 0",
        "from_something": "from_points > 0",
        "movement_whole": "num_nulls(to_holder_id, to_account_id, to_seq) IN (0, 3)",
        "card_whole": "num_nulls(card_customer_id, card_id) <> 1",
        "points_or_money": "to_seq IS NULL OR card_id IS NULL",
    }
    return tuple(sa.CheckConstraint(text, name=op.f(f"ck_{_TABLE}_{name}")) for name, text in said.items())
