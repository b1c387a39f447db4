"""Let members use services that no sale has a line for, and find uses by their time."""

from alembic import op

revision = "2026_11_26_0525"
down_revision = "2026_11_26_0450"
branch_labels = None
depends_on = None

_RECEIPT = "ck_entitlement_uses_used_has_receipt"
_COLUMNS = ("product_id", "basket_id", "line_no")


def upgrade() -> None:
    for name in _COLUMNS:
        op.alter_column("entitlement_uses", name, nullable=True)
    op.drop_constraint(op.f(_RECEIPT), "entitlement_uses", type_="check")
    op.create_check_constraint(
        op.f(_RECEIPT), "entitlement_uses", "state <> 'used' OR product_id IS NULL OR receipt_id IS NOT NULL"
    )
    op.create_check_constraint(
        op.f("ck_entitlement_uses_goods_in_a_sale"),
        "entitlement_uses",
        "(product_id IS NULL) = (basket_id IS NULL) AND (product_id IS NULL) = (line_no IS NULL)",
    )
    op.create_index("ix_entitlement_uses_at", "entitlement_uses", ["at"])


def downgrade() -> None:
    op.drop_index("ix_entitlement_uses_at", table_name="entitlement_uses")
    op.drop_constraint(op.f("ck_entitlement_uses_goods_in_a_sale"), "entitlement_uses", type_="check")
    op.drop_constraint(op.f(_RECEIPT), "entitlement_uses", type_="check")
    op.execute("DELETE FROM entitlement_uses WHERE product_id IS NULL")
    op.create_check_constraint(op.f(_RECEIPT), "entitlement_uses", "state <> 'used' OR receipt_id IS NOT NULL")
    for name in _COLUMNS:
        op.alter_column("entitlement_uses", name, nullable=False)
