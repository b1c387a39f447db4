"""Count what members use of what their membership gives directly."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_2223"
down_revision = "2026_11_25_2207"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "entitlement_uses",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=True),
        sa.Column("use_no", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("basket_id", sa.Uuid(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("store_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('held', 'used', 'back')", name=op.f("ck_entitlement_uses_state_known")),
        sa.CheckConstraint("use_no > 0", name=op.f("ck_entitlement_uses_use_no_above_zero")),
        sa.CheckConstraint(
            "state <> 'used' OR receipt_id IS NOT NULL", name=op.f("ck_entitlement_uses_used_has_receipt")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "membership_id"],
            ["memberships.customer_id", "memberships.id"],
            name=op.f("fk_entitlement_uses_customer_id_membership_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_entitlement_uses_product_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_entitlement_uses_staff_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_entitlement_uses_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entitlement_uses")),
    )
    op.create_index(
        "uq_entitlement_uses_taken",
        "entitlement_uses",
        ["membership_id", "code", "first", "use_no"],
        unique=True,
        postgresql_where=sa.text("state <> 'back'"),
    )
    op.create_index("ix_entitlement_uses_membership", "entitlement_uses", ["customer_id", "membership_id"])
    op.create_index("ix_entitlement_uses_receipt_id", "entitlement_uses", ["receipt_id"])
    op.add_column("basket_lines", sa.Column("use_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_basket_lines_use_id"), "basket_lines", "entitlement_uses", ["use_id"], ["id"])
    op.drop_index("uq_basket_lines_product", "basket_lines")
    op.create_index(
        "uq_basket_lines_product",
        "basket_lines",
        ["basket_id", "product_id"],
        unique=True,
        postgresql_where=sa.text("price_minor IS NULL"),
    )


def downgrade() -> None:
    op.execute("DELETE FROM basket_lines WHERE use_id IS NOT NULL")
    op.drop_index("uq_basket_lines_product", "basket_lines")
    op.create_index(
        "uq_basket_lines_product",
        "basket_lines",
        ["basket_id", "product_id"],
        unique=True,
        postgresql_where=sa.text("fee_id IS NULL"),
    )
    op.drop_column("basket_lines", "use_id")
    op.drop_table("entitlement_uses")
