"""Seal receipts, and keep and seal what cards, coupons, fees and uses say beside their sums.

Whoever changed a receipt's total, a payment, a card's state or a fee around the triggers wasn't found.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "2026_11_26_2030"
down_revision = "2026_11_26_2028"
branch_labels = None
depends_on = None

_KEPT: dict[str, tuple[tuple[str, ...], str]] = {
    "stored_value_cards": (("product_id", "state", "pin_hash", "replaced_by"), "true"),
    "coupons": (("state",), "{row}.state <> 'active'"),
    "points_accounts": (("heir_holder_id", "heir_id"), "{row}.heir_id IS NOT NULL"),
    "points_moves": (
        ("customer_id", "account_id", "up_to_seq", "by_customer_id", "to_customer_id", "to_account_id"),
        "true",
    ),
    "points_conversions": (
        (
            *("customer_id", "account_id", "club_id", "cause", "rules_no", "on_date", "from_points", "to_points"),
            *("to_club", "points", "seq", "became", "to_holder_id", "to_account_id", "to_seq", "owed", "owes"),
            *("card_customer_id", "card_id", "run_id"),
        ),
        "true",
    ),
    "membership_fees": (
        (
            *("membership_id", "kind", "state", "period_no", "level", "first", "last", "full_minor", "due_minor"),
            *("least_minor", "line_no", "receipt_id", "refunded_minor", "paid_on"),
        ),
        "true",
    ),
    "entitlement_uses": (
        (
            *("membership_id", "code", "first", "last", "use_no", "state", "product_id", "line_no", "receipt_id"),
            "grant_id",
        ),
        "true",
    ),
}
"""The columns, and which rows are kept when they come: those that say what most do have no row."""
# The row is locked by its own change, so two never take one number.
_FUNCTION = """
CREATE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO kept_rows (of_table, row_id, n, said)
  SELECT TG_TABLE_NAME, NEW.id, coalesce(max(n), 0) + 1,
         (SELECT jsonb_object_agg(key, value) FROM jsonb_each(to_jsonb(NEW)) WHERE key = ANY (TG_ARGV))
    FROM kept_rows WHERE (of_table, row_id) = (TG_TABLE_NAME, NEW.id);
  RETURN NULL;
END $$
"""
_APPEND_ONLY = (
    "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
)


def _seals(table: str, of: dict[str, sa.types.TypeEngine[Any]]) -> None:
    op.create_table(
        table,
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, kind, nullable=False) for name, kind in of.items()),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f(f"ck_{table}_hash_length")),
        sa.PrimaryKeyConstraint("n", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint(*of, name=op.f(f"uq_{table}_{'_'.join(of)}")),
    )
    op.execute(_APPEND_ONLY.format(table=table))


def upgrade() -> None:
    _seals("receipt_seals", {"customer_id": sa.BigInteger(), "receipt_id": sa.BigInteger()})
    op.create_table(
        "kept_rows",
        sa.Column("of_table", sa.Text(), nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("said", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("of_table", "row_id", "n", name=op.f("pk_kept_rows")),
    )
    op.execute(_FUNCTION)
    for table, (columns, which) in _KEPT.items():
        told = ", ".join(f"'{name}', {name}" for name in columns)
        op.execute(
            f"INSERT INTO kept_rows SELECT '{table}', id, 1, jsonb_build_object({told}) "  # noqa: S608 - names of ours
            f"FROM {table} t WHERE {which.format(row='t')}"
        )
        keep = f"FOR EACH ROW WHEN ({{when}}) EXECUTE FUNCTION keep_row({', '.join(columns)})"
        op.execute(f"CREATE TRIGGER keep_first AFTER INSERT ON {table} {keep.format(when=which.format(row='NEW'))}")
        new, old = (f"({', '.join(f'{row}.{name}' for name in columns)})" for row in ("NEW", "OLD"))
        op.execute(
            f"CREATE TRIGGER keep_change AFTER UPDATE OF {', '.join(columns)} ON {table} "
            + keep.format(when=f"{new} IS DISTINCT FROM {old}")
        )
    op.execute(_APPEND_ONLY.format(table="kept_rows"))
    _seals("kept_row_seals", {"of_table": sa.Text(), "row_id": sa.BigInteger(), "kept_n": sa.Integer()})


def downgrade() -> None:
    for table in _KEPT:
        op.execute(f"DROP TRIGGER keep_change ON {table}")
        op.execute(f"DROP TRIGGER keep_first ON {table}")
    op.execute("DROP FUNCTION keep_row()")
    for table in ("kept_row_seals", "kept_rows", "receipt_seals"):
        op.drop_table(table)
