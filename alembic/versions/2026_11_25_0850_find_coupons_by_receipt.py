"""Find the coupons that a receipt gave for the next purchase."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_0850"
down_revision = "2026_11_25_0910"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_coupons_receipt",
        "coupons",
        ["receipt_customer_id", "receipt_id"],
        unique=False,
        postgresql_where=sa.text("receipt_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_coupons_receipt", "coupons")
