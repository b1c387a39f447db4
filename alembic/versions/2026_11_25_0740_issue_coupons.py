"""Coupons: batches, coupons and their codes, uses, what sales hold of them, and wrong codes that were entered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_0740"
down_revision = "2026_11_25_0800"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "coupon_batches",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("personal", sa.Boolean(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("worth_minor", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("days_from_issue", sa.Integer(), nullable=True),
        sa.Column("most", sa.Integer(), nullable=True),
        sa.Column("issued", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9_.-]{0,49}$'", name=op.f("ck_coupon_batches_code_form")),
        sa.CheckConstraint("prefix ~ '^[2-9ACEFHJKMPRTVWXY]{0,6}$'", name=op.f("ck_coupon_batches_prefix_form")),
        sa.CheckConstraint("state IN ('active', 'closed', 'blocked')", name=op.f("ck_coupon_batches_state_known")),
        sa.CheckConstraint("days_from_issue BETWEEN 0 AND 36500", name=op.f("ck_coupon_batches_days_in_range")),
        sa.CheckConstraint("most BETWEEN 1 AND 100000000", name=op.f("ck_coupon_batches_most_in_range")),
        sa.CheckConstraint("most IS NULL OR issued <= most", name=op.f("ck_coupon_batches_no_more_than_most")),
        sa.CheckConstraint("uses BETWEEN 1 AND 100000", name=op.f("ck_coupon_batches_uses_in_range")),
        sa.CheckConstraint("valid_from <= valid_to", name=op.f("ck_coupon_batches_days_in_order")),
        sa.CheckConstraint(
            "valid_to IS NULL OR days_from_issue IS NULL", name=op.f("ck_coupon_batches_one_way_to_end")
        ),
        sa.CheckConstraint("worth_minor > 0", name=op.f("ck_coupon_batches_worth_above_zero")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_batches")),
        sa.UniqueConstraint("code", name=op.f("uq_coupon_batches_code")),
    )
    op.create_table(
        "coupon_wrong_codes",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("scope", "code_hash", name=op.f("pk_coupon_wrong_codes")),
    )
    op.create_table(
        "coupons",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), server_default="0", nullable=False),
        sa.Column("worth_minor", sa.BigInteger(), nullable=True),
        sa.Column("given_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.Integer(), nullable=True),
        sa.Column("receipt_customer_id", sa.BigInteger(), nullable=True),
        sa.Column("receipt_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('active', 'blocked')", name=op.f("ck_coupons_state_known")),
        sa.CheckConstraint(
            "given_minor BETWEEN 0 AND coalesce(worth_minor, given_minor)", name=op.f("ck_coupons_no_more_than_worth")
        ),
        sa.CheckConstraint("used BETWEEN 0 AND uses", name=op.f("ck_coupons_no_more_uses")),
        sa.ForeignKeyConstraint(["batch_id"], ["coupon_batches.id"], name=op.f("fk_coupons_batch_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_coupons_customer_id")),
        sa.ForeignKeyConstraint(["issued_by"], ["staff.id"], name=op.f("fk_coupons_issued_by")),
        sa.ForeignKeyConstraint(
            ["receipt_customer_id", "receipt_id"],
            ["receipts.customer_id", "receipts.id"],
            name=op.f("fk_coupons_receipt_customer_id_receipt_id"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_coupons")),
    )
    op.create_index("ix_coupons_batch_id", "coupons", ["batch_id", "id"], unique=False)
    op.create_index(
        "ix_coupons_blocked", "coupons", ["batch_id"], unique=False, postgresql_where=sa.text("state = 'blocked'")
    )
    op.create_index("ix_coupons_used", "coupons", ["batch_id"], unique=False, postgresql_where=sa.text("used > 0"))
    op.create_table(
        "coupon_codes",
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("coupon_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "coupon_id"],
            ["coupons.customer_id", "coupons.id"],
            name=op.f("fk_coupon_codes_customer_id_coupon_id"),
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_coupon_codes")),
    )
    op.create_table(
        "coupon_reservations",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("coupon_id", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("sale_id", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "coupon_id"],
            ["coupons.customer_id", "coupons.id"],
            name=op.f("fk_coupon_reservations_customer_id_coupon_id"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "coupon_id", "slot", name=op.f("pk_coupon_reservations")),
    )
    op.create_index("ix_coupon_reservations_sale_id", "coupon_reservations", ["sale_id"], unique=False)
    op.create_index("ix_coupon_reservations_until", "coupon_reservations", ["until"], unique=False)
    op.create_table(
        "coupon_uses",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("coupon_id", sa.BigInteger(), nullable=False),
        sa.Column("use_no", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("receipt_customer_id", sa.BigInteger(), nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), nullable=False),
        sa.Column("given_minor", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("terminal_id", sa.Integer(), nullable=True),
        sa.Column("store_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("given_minor >= 0", name=op.f("ck_coupon_uses_given_not_negative")),
        sa.CheckConstraint("use_no >= 1", name=op.f("ck_coupon_uses_numbered_from_one")),
        sa.ForeignKeyConstraint(["batch_id"], ["coupon_batches.id"], name=op.f("fk_coupon_uses_batch_id")),
        sa.ForeignKeyConstraint(
            ["customer_id", "coupon_id"],
            ["coupons.customer_id", "coupons.id"],
            name=op.f("fk_coupon_uses_customer_id_coupon_id"),
        ),
        sa.ForeignKeyConstraint(
            ["receipt_customer_id", "receipt_id"],
            ["receipts.customer_id", "receipts.id"],
            name=op.f("fk_coupon_uses_receipt_customer_id_receipt_id"),
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_coupon_uses_staff_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_coupon_uses_store_id")),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name=op.f("fk_coupon_uses_terminal_id")),
        sa.PrimaryKeyConstraint("customer_id", "coupon_id", "use_no", name=op.f("pk_coupon_uses")),
    )
    op.create_index("ix_coupon_uses_batch_id", "coupon_uses", ["batch_id", "at"], unique=False)
    op.create_index("ix_coupon_uses_receipt", "coupon_uses", ["receipt_customer_id", "receipt_id"], unique=False)
    op.execute("ALTER TABLE coupons SET (fillfactor = 85)")
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON coupon_uses "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("coupon_uses")
    op.drop_table("coupon_reservations")
    op.drop_table("coupon_codes")
    op.drop_table("coupons")
    op.drop_table("coupon_wrong_codes")
    op.drop_table("coupon_batches")
