"""Keep returns: receipts that give back what others sold, how much of each line came back, and coupons given back."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_1320"
down_revision = "2026_11_25_1306"
branch_labels = None
depends_on = None

APPEND_ONLY = ("receipt_returns", "receipt_return_lines", "receipt_return_points", "coupon_uses_back")


def upgrade() -> None:
    _returns()
    _lines()
    _points()
    _coupons()
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _big(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _returns() -> None:
    op.create_table(
        "receipt_returns",
        *_big("customer_id", "receipt_id"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("original_receipt_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('return', 'cancellation', 'without_receipt')", name=op.f("ck_receipt_returns_kind_known")
        ),
        sa.CheckConstraint(
            "(kind = 'without_receipt') = (original_receipt_id IS NULL)",
            name=op.f("ck_receipt_returns_original_unless_without"),
        ),
        sa.CheckConstraint("original_receipt_id <> receipt_id", name=op.f("ck_receipt_returns_of_another")),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id"],
            ["receipts.customer_id", "receipts.id"],
            name=op.f("fk_receipt_returns_customer_id_receipt_id"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "original_receipt_id"],
            ["receipts.customer_id", "receipts.id"],
            name=op.f("fk_receipt_returns_customer_id_original_receipt_id"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "receipt_id", name=op.f("pk_receipt_returns")),
    )
    op.create_index("ix_receipt_returns_original", "receipt_returns", ["customer_id", "original_receipt_id"])


def _lines() -> None:
    line = ["receipt_lines.customer_id", "receipt_lines.receipt_id", "receipt_lines.line_no"]
    op.create_table(
        "receipt_return_lines",
        *_big("customer_id", "receipt_id"),
        sa.Column("line_no", sa.Integer(), nullable=False),
        *_big("original_receipt_id"),
        sa.Column("original_line_no", sa.Integer(), nullable=False),
        *_big("quantity_milli"),
        sa.CheckConstraint("quantity_milli > 0", name=op.f("ck_receipt_return_lines_quantity_above_zero")),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id", "line_no"],
            line,
            name=op.f("fk_receipt_return_lines_customer_id_receipt_id_line_no"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "original_receipt_id", "original_line_no"], line, name="fk_receipt_return_lines_original"
        ),
        sa.PrimaryKeyConstraint("customer_id", "receipt_id", "line_no", name=op.f("pk_receipt_return_lines")),
    )
    op.create_index(
        "ix_receipt_return_lines_original",
        "receipt_return_lines",
        ["customer_id", "original_receipt_id", "original_line_no"],
    )
    op.create_table(
        "receipt_lines_returned",
        *_big("customer_id", "receipt_id"),
        sa.Column("line_no", sa.Integer(), nullable=False),
        *_big("sold_milli", "returned_milli"),
        sa.CheckConstraint(
            "returned_milli BETWEEN 1 AND sold_milli", name=op.f("ck_receipt_lines_returned_no_more_than_sold")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id", "line_no"],
            line,
            name=op.f("fk_receipt_lines_returned_customer_id_receipt_id_line_no"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "receipt_id", "line_no", name=op.f("pk_receipt_lines_returned")),
    )


def _points() -> None:
    op.create_table(
        "receipt_return_points",
        *_big("customer_id", "receipt_id", "holder_id", "account_id"),
        *_big("settled", "given_back", "owed", "paid", "written_off", "deducted_minor"),
        sa.CheckConstraint(
            "least(settled, given_back, owed, paid, written_off) >= 0",
            name=op.f("ck_receipt_return_points_none_below_zero"),
        ),
        sa.CheckConstraint(
            "owed + paid + written_off <= settled", name=op.f("ck_receipt_return_points_no_more_than_settled")
        ),
        sa.CheckConstraint("deducted_minor >= 0", name=op.f("ck_receipt_return_points_deducted_not_negative")),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id"],
            ["receipt_returns.customer_id", "receipt_returns.receipt_id"],
            name=op.f("fk_receipt_return_points_customer_id_receipt_id"),
        ),
        sa.ForeignKeyConstraint(
            ["holder_id", "account_id"],
            ["points_accounts.customer_id", "points_accounts.id"],
            name=op.f("fk_receipt_return_points_holder_id_account_id"),
        ),
        sa.PrimaryKeyConstraint(
            "customer_id", "receipt_id", "holder_id", "account_id", name=op.f("pk_receipt_return_points")
        ),
    )


def _coupons() -> None:
    op.add_column(
        "coupon_batches", sa.Column("back_on_return", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_table(
        "coupon_uses_back",
        *_big("customer_id", "coupon_id"),
        sa.Column("use_no", sa.Integer(), nullable=False),
        *_big("receipt_customer_id", "receipt_id"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "coupon_id", "use_no"],
            ["coupon_uses.customer_id", "coupon_uses.coupon_id", "coupon_uses.use_no"],
            name=op.f("fk_coupon_uses_back_customer_id_coupon_id_use_no"),
        ),
        sa.ForeignKeyConstraint(
            ["receipt_customer_id", "receipt_id"],
            ["receipts.customer_id", "receipts.id"],
            name=op.f("fk_coupon_uses_back_receipt_customer_id_receipt_id"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "coupon_id", "use_no", name=op.f("pk_coupon_uses_back")),
    )


def downgrade() -> None:
    op.drop_table("coupon_uses_back")
    op.drop_column("coupon_batches", "back_on_return")
    op.drop_table("receipt_return_points")
    op.drop_table("receipt_lines_returned")
    op.drop_table("receipt_return_lines")
    op.drop_table("receipt_returns")
