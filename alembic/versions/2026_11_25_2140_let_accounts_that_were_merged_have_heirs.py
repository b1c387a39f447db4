"""Let an account that was merged away name the one that holds what it held, and find a receipt's points in others'."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_2140"
down_revision = "2026_11_25_2120"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("points_accounts", sa.Column("heir_holder_id", sa.BigInteger(), nullable=True))
    op.add_column("points_accounts", sa.Column("heir_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_points_accounts_heir_holder_id_heir_id"),
        "points_accounts",
        "points_accounts",
        ["heir_holder_id", "heir_id"],
        ["customer_id", "id"],
    )
    op.execute(_STANDING)
    op.execute(_UNDONE)
    op.create_check_constraint(
        op.f("ck_points_accounts_heir_whole"), "points_accounts", "num_nulls(heir_holder_id, heir_id) <> 1"
    )
    op.create_check_constraint(
        op.f("ck_points_accounts_heir_has_all"), "points_accounts", "heir_id IS NULL OR (balance = 0 AND debt = 0)"
    )
    op.create_check_constraint(op.f("ck_points_accounts_heir_another"), "points_accounts", "heir_id <> id")
    op.create_index(
        "ix_points_accounts_heir_id", "points_accounts", ["heir_id"], postgresql_where=sa.text("heir_id IS NOT NULL")
    )
    op.create_index(
        "ix_points_movements_others",
        "points_movements",
        ["by_customer_id", "receipt_id"],
        postgresql_where=sa.text("by_customer_id <> customer_id AND receipt_id IS NOT NULL"),
    )
    for table in _OF_SETTLEMENTS:
        _settled(table, onupdate="CASCADE")
    _causes(*_CAUSES, "merge")


def _settled(table: str, *, onupdate: str | None) -> None:
    """What was given for a period goes along where the period's row goes to another account."""
    name, columns = op.f(f"fk_{table}_customer_id_settlement_id"), ["customer_id", "settlement_id"]
    op.drop_constraint(name, table, type_="foreignkey")
    op.create_foreign_key(name, table, "period_settlements", columns, ["customer_id", "id"], onupdate=onupdate)


def _causes(*causes: str) -> None:
    name = op.f("ck_level_changes_cause_known")
    op.drop_constraint(name, "level_changes", type_="check")
    op.create_check_constraint(name, "level_changes", f"cause IN ({', '.join(map(repr, causes))})")


def downgrade() -> None:
    op.execute("UPDATE level_changes SET cause = 'time' WHERE cause = 'merge'")
    _causes(*_CAUSES)
    for table in _OF_SETTLEMENTS:
        _settled(table, onupdate=None)
    op.drop_index("ix_points_movements_others", "points_movements")
    op.drop_index("ix_points_accounts_heir_id", "points_accounts")
    op.drop_column("points_accounts", "heir_id")
    op.drop_column("points_accounts", "heir_holder_id")


_OF_SETTLEMENTS = ("reward_coupons", "reward_cards")
_CAUSES = ("first", "purchase", "return", "time", "by_hand", "by_hand_ended", "rules")
# The merges that were made before tell which account went where; one that has got points since keeps them as it is.
_STANDING = """
    UPDATE points_accounts a SET heir_id = (e -> 'to' ->> 0)::bigint, heir_holder_id = (e -> 'to' ->> 1)::bigint
      FROM customer_merges m, jsonb_array_elements(m.moved -> 'memberships') AS e
     WHERE m.undone_at IS NULL AND e ? 'from' AND a.id = (e -> 'from' ->> 0)::bigint
       AND a.customer_id = (e -> 'from' ->> 1)::bigint AND a.balance = 0 AND a.debt = 0
"""
_UNDONE = """
    UPDATE points_accounts a SET heir_id = (e -> 'from' ->> 0)::bigint, heir_holder_id = (e -> 'from' ->> 1)::bigint
      FROM customer_merges m, jsonb_array_elements(m.moved -> 'memberships') AS e
     WHERE m.undone_at IS NOT NULL AND e ? 'from' AND (e ->> 'whole')::boolean AND a.id = (e -> 'to' ->> 0)::bigint
       AND a.customer_id = (e -> 'to' ->> 1)::bigint AND a.balance = 0 AND a.debt = 0 AND a.heir_id IS NULL
"""
