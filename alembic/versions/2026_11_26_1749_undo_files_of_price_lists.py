"""Keep when and by whom a file of price lists was undone."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_1749"
down_revision = "2026_11_26_1710"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("price_list_uploads", sa.Column("undone_at", sa.DateTime(timezone=True)))
    op.add_column("price_list_uploads", sa.Column("undone_by", sa.Text()))
    op.create_check_constraint(
        "undone_once_applied", "price_list_uploads", "undone_at IS NULL OR applied_at IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_price_list_uploads_undone_once_applied"), "price_list_uploads")
    op.drop_column("price_list_uploads", "undone_by")
    op.drop_column("price_list_uploads", "undone_at")
