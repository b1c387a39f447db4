"""Keep what offers gave on receipts, what a till's basket has beside its items, and quotes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_0820"
down_revision = "2026_11_25_0730"
branch_labels = None
depends_on = None

APPEND_ONLY = ("receipt_offers", "receipt_discounts", "receipt_missed_savings")


def upgrade() -> None:
    op.add_column("chain", sa.Column("pricing", postgresql.JSONB(), server_default="{}", nullable=False))
    _receipts()
    _baskets()
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _receipts() -> None:
    op.add_column("receipt_lines", sa.Column("regular_minor", sa.BigInteger(), nullable=True))
    op.add_column("receipt_lines", sa.Column("price_list", sa.Text(), nullable=True))
    op.add_column("receipt_lines", sa.Column("tax_minor", sa.BigInteger(), nullable=True))
    op.add_column("receipt_lines", sa.Column("added", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_table(
        "receipt_offers",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), nullable=False),
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("points_used", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("coupon", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id"],
            ["receipts.customer_id", "receipts.id"],
            name=op.f("fk_receipt_offers_customer_id_receipt_id"),
        ),
        sa.ForeignKeyConstraint(
            ["offer_id", "version_no"],
            ["offer_versions.offer_id", "offer_versions.version_no"],
            name=op.f("fk_receipt_offers_offer_id_version_no"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "receipt_id", "offer_id", name=op.f("pk_receipt_offers")),
    )
    op.create_index("ix_receipt_offers_offer_id", "receipt_offers", ["offer_id", "receipt_id"], unique=False)
    op.create_table(
        "receipt_discounts",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("units_milli", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id", "line_no"],
            ["receipt_lines.customer_id", "receipt_lines.receipt_id", "receipt_lines.line_no"],
            name=op.f("fk_receipt_discounts_customer_id_receipt_id_line_no"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id", "offer_id"],
            ["receipt_offers.customer_id", "receipt_offers.receipt_id", "receipt_offers.offer_id"],
            name=op.f("fk_receipt_discounts_customer_id_receipt_id_offer_id"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "receipt_id", "line_no", "offer_id", name=op.f("pk_receipt_discounts")),
    )
    op.create_table(
        "receipt_missed_savings",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), nullable=False),
        sa.Column("club_id", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["club_id"], ["clubs.id"], name=op.f("fk_receipt_missed_savings_club_id")),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id"],
            ["receipts.customer_id", "receipts.id"],
            name=op.f("fk_receipt_missed_savings_customer_id_receipt_id"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "receipt_id", name=op.f("pk_receipt_missed_savings")),
    )


def _baskets() -> None:
    words = postgresql.ARRAY(sa.Text())
    op.add_column("baskets", sa.Column("coupons", words, server_default="{}", nullable=False))
    op.add_column("baskets", sa.Column("claims", postgresql.JSONB(), server_default="[]", nullable=False))
    op.add_column("baskets", sa.Column("confirmed", words, server_default="{}", nullable=False))
    op.create_table(
        "quotes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("terminal_id", sa.Integer(), nullable=False),
        sa.Column("sale_id", sa.Text(), nullable=False),
        sa.Column("request", postgresql.JSONB(), nullable=False),
        sa.Column("answer", postgresql.JSONB(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name=op.f("fk_quotes_terminal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quotes")),
        sa.UniqueConstraint("terminal_id", "sale_id", name=op.f("uq_quotes_terminal_id_sale_id")),
    )
    op.create_index("ix_quotes_expires_at", "quotes", ["expires_at"], unique=False)


def downgrade() -> None:
    op.drop_table("quotes")
    for column in ("coupons", "claims", "confirmed"):
        op.drop_column("baskets", column)
    for table in ("receipt_missed_savings", "receipt_discounts", "receipt_offers"):
        op.drop_table(table)
    for column in ("regular_minor", "price_list", "tax_minor", "added"):
        op.drop_column("receipt_lines", column)
    op.drop_column("chain", "pricing")
