"""Let rules give uses of entitlements, for joining, a level or a period, and count them apart."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_0533"
down_revision = "2026_11_26_0525"
branch_labels = None
depends_on = None

_TAKEN = "uq_entitlement_uses_taken"
_COLUMNS = ["membership_id", "code", "first", "use_no"]


def upgrade() -> None:
    op.create_table(
        "reward_entitlements",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("settlement_id", sa.BigInteger(), nullable=False),
        sa.Column("entitlement", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_reward_entitlements_count_above_zero")),
        sa.ForeignKeyConstraint(
            ["customer_id", "settlement_id"],
            ["period_settlements.customer_id", "period_settlements.id"],
            name=op.f("fk_reward_entitlements_customer_id_settlement_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("customer_id", "settlement_id", name=op.f("pk_reward_entitlements")),
    )
    for name in ("grant_holder_id", "grant_id"):
        op.add_column("entitlement_uses", sa.Column(name, sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_entitlement_uses_grant_holder_id_grant_id"),
        "entitlement_uses",
        "reward_entitlements",
        ["grant_holder_id", "grant_id"],
        ["customer_id", "settlement_id"],
        onupdate="CASCADE",
    )
    op.create_check_constraint(
        op.f("ck_entitlement_uses_grant_of_somebody"),
        "entitlement_uses",
        "(grant_id IS NULL) = (grant_holder_id IS NULL)",
    )
    _taken("state <> 'back' AND grant_id IS NULL")
    op.create_index(
        "uq_entitlement_uses_granted",
        "entitlement_uses",
        ["grant_id", "use_no"],
        unique=True,
        postgresql_where=sa.text("state <> 'back' AND grant_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("uq_entitlement_uses_granted", table_name="entitlement_uses")
    op.execute("DELETE FROM entitlement_uses WHERE grant_id IS NOT NULL")
    _taken("state <> 'back'")
    for name in ("grant_id", "grant_holder_id"):
        op.drop_column("entitlement_uses", name)
    op.drop_table("reward_entitlements")


def _taken(where: str) -> None:
    op.drop_index(_TAKEN, table_name="entitlement_uses")
    op.create_index(_TAKEN, "entitlement_uses", _COLUMNS, unique=True, postgresql_where=sa.text(where))
