"""Index receipts by the orders in which lists show them, so that millions needn't be sorted for a page."""

from alembic import op

revision = "2026_11_26_2335"
down_revision = "2026_11_26_2326"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_receipts_store_id", "receipts", ["store_id", "sold_on", "sold_at", "id"])
    op.create_index("ix_receipts_receipt_no", "receipts", ["receipt_no", "id"])
    op.create_index("ix_receipts_total_minor", "receipts", ["total_minor", "id"])
    op.drop_index("ix_receipts_sold_on", "receipts")
    op.create_index(
        "ix_receipts_sold_on",
        "receipts",
        ["sold_on", "sold_at", "id"],
        postgresql_include=["customer_id", "total_minor"],
    )


def downgrade() -> None:
    op.drop_index("ix_receipts_sold_on", "receipts")
    op.create_index("ix_receipts_sold_on", "receipts", ["sold_on"])
    for name in ("ix_receipts_total_minor", "ix_receipts_receipt_no", "ix_receipts_store_id"):
        op.drop_index(name, "receipts")
