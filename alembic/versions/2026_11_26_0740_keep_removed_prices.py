"""Keep prices that were taken out of a list for a while, so that they can be put back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_26_0740"
down_revision = "2026_11_26_0533"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "removed_prices",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("price_list_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("price_minor", sa.BigInteger(), nullable=True),
        sa.Column("off_bp", sa.Integer(), nullable=True),
        sa.Column("validity", postgresql.DATERANGE(), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["product_groups.id"], name=op.f("fk_removed_prices_group_id")),
        sa.ForeignKeyConstraint(["price_list_id"], ["price_lists.id"], name=op.f("fk_removed_prices_price_list_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_removed_prices_product_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_removed_prices_store_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_removed_prices")),
    )
    op.create_index("ix_removed_prices_price_list_id", "removed_prices", ["price_list_id"])


def downgrade() -> None:
    op.drop_table("removed_prices")
