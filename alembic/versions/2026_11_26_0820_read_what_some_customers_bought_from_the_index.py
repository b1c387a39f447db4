"""Read what some customers bought in a period from the index alone: a segment's products took a second in a year."""

from alembic import op

revision = "2026_11_26_0820"
down_revision = "2026_11_26_0745"
branch_labels = None
depends_on = None

_INDEX, _TABLE = "ix_customer_product_days_customer_id", "customer_product_days"
_SUMS = ["receipts", "purchases", "returns", "spend_minor", "quantity_milli", "list_minor", "returned_minor"]


def upgrade() -> None:
    op.drop_index(_INDEX, _TABLE)
    op.create_index(_INDEX, _TABLE, ["customer_id", "sold_on"], postgresql_include=["product_id", "store_id", *_SUMS])


def downgrade() -> None:
    op.drop_index(_INDEX, _TABLE)
    op.create_index(_INDEX, _TABLE, ["customer_id"])
