"""Let joining and renewing cost something as a line of the sale in which they happen."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "2026_11_25_2207"
down_revision = "2026_11_25_2242"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "membership_fees",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("period_no", sa.Integer(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=True),
        sa.Column("full_minor", sa.BigInteger(), nullable=False),
        sa.Column("due_minor", sa.BigInteger(), nullable=False),
        sa.Column("least_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("basket_id", sa.Uuid(), nullable=True),
        sa.Column("line_no", sa.Integer(), nullable=True),
        sa.Column("receipt_id", sa.BigInteger(), nullable=True),
        sa.Column("refunded_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("store_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind IN ('joining', 'renewal')", name=op.f("ck_membership_fees_kind_known")),
        sa.CheckConstraint(
            "state IN ('due', 'paid', 'cancelled', 'returned')", name=op.f("ck_membership_fees_state_known")
        ),
        sa.CheckConstraint(
            "due_minor BETWEEN 0 AND full_minor AND least_minor >= 0", name=op.f("ck_membership_fees_amounts_in_range")
        ),
        sa.CheckConstraint(
            "(state IN ('paid', 'returned')) = (receipt_id IS NOT NULL)",
            name=op.f("ck_membership_fees_paid_has_receipt"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "membership_id"],
            ["memberships.customer_id", "memberships.id"],
            name=op.f("fk_membership_fees_customer_id_membership_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_membership_fees_staff_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_membership_fees_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership_fees")),
    )
    op.create_index("ix_membership_fees_receipt_id", "membership_fees", ["receipt_id"])
    op.create_index("ix_membership_fees_membership", "membership_fees", ["customer_id", "membership_id"])
    op.add_column("baskets", sa.Column("fees", ARRAY(sa.BigInteger()), server_default="{}", nullable=False))
    op.add_column("basket_lines", sa.Column("price_minor", sa.BigInteger(), nullable=True))
    op.add_column("basket_lines", sa.Column("fee_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_basket_lines_fee_id"), "basket_lines", "membership_fees", ["fee_id"], ["id"])
    op.drop_constraint(op.f("uq_basket_lines_basket_id_product_id"), "basket_lines", type_="unique")
    op.create_index(
        "uq_basket_lines_product",
        "basket_lines",
        ["basket_id", "product_id"],
        unique=True,
        postgresql_where=sa.text("fee_id IS NULL"),
    )


def downgrade() -> None:
    op.execute("DELETE FROM basket_lines WHERE fee_id IS NOT NULL")
    op.drop_index("uq_basket_lines_product", "basket_lines")
    op.create_unique_constraint(
        op.f("uq_basket_lines_basket_id_product_id"), "basket_lines", ["basket_id", "product_id"]
    )
    op.drop_column("basket_lines", "fee_id")
    op.drop_column("basket_lines", "price_minor")
    op.drop_column("baskets", "fees")
    op.drop_table("membership_fees")
