"""Sell and take prepaid and gift cards: their kinds, the cards, and a ledger of their money."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_1300"
down_revision = "2026_11_25_0925"
branch_labels = None
depends_on = None

APPEND_ONLY = ("stored_value_movements", "stored_value_movement_lots")


def upgrade() -> None:
    _cards()
    _money()
    op.execute("ALTER TABLE stored_value_cards SET (fillfactor = 70)")
    op.execute("ALTER TABLE stored_value_lots SET (fillfactor = 70)")
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    _means("'cash', 'card', 'stored_value'")


def _means(known: str) -> None:
    op.drop_constraint(op.f("ck_receipt_payments_means_known"), "receipt_payments", type_="check")
    op.create_check_constraint(op.f("ck_receipt_payments_means_known"), "receipt_payments", f"means IN ({known})")


def _cards() -> None:
    op.create_table(
        "stored_value_products",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("names", postgresql.JSONB(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("valid_months", sa.Integer(), nullable=True),
        sa.Column("vat_at", sa.Text(), nullable=False),
        sa.Column("has_pin", sa.Boolean(), nullable=False),
        sa.Column("amounts_minor", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
        sa.Column("least_minor", sa.BigInteger(), nullable=False),
        sa.Column("most_minor", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('prepaid', 'gift')", name=op.f("ck_stored_value_products_kind_known")),
        sa.CheckConstraint("state IN ('active', 'closed')", name=op.f("ck_stored_value_products_state_known")),
        sa.CheckConstraint("vat_at IN ('sale', 'use')", name=op.f("ck_stored_value_products_vat_known")),
        sa.CheckConstraint(
            "0 < least_minor AND least_minor <= most_minor", name=op.f("ck_stored_value_products_amounts_in_order")
        ),
        sa.CheckConstraint("valid_months > 0", name=op.f("ck_stored_value_products_valid_for_some_time")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_value_products")),
        sa.UniqueConstraint("code", name=op.f("uq_stored_value_products_code")),
    )
    op.create_table(
        "stored_value_articles",
        sa.Column("article_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["products.id"], name=op.f("fk_stored_value_articles_article_id")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["stored_value_products.id"], name=op.f("fk_stored_value_articles_product_id")
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_stored_value_articles")),
    )
    op.create_index(op.f("ix_stored_value_articles_product_id"), "stored_value_articles", ["product_id"], unique=False)
    op.create_table(
        "stored_value_cards",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("pin_hash", sa.Text(), nullable=True),
        sa.Column("wrong_pins", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), server_default="new", nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "balance_minor = 0 OR state <> 'new'", name=op.f("ck_stored_value_cards_new_is_worth_nothing")
        ),
        sa.CheckConstraint(
            "replaced_by IS NULL OR state = 'closed'", name=op.f("ck_stored_value_cards_replaced_is_closed")
        ),
        sa.CheckConstraint(
            "state IN ('new', 'active', 'blocked', 'lost', 'closed')", name=op.f("ck_stored_value_cards_state_known")
        ),
        sa.CheckConstraint("balance_minor >= 0", name=op.f("ck_stored_value_cards_balance_never_below_zero")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_stored_value_cards_customer_id")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["stored_value_products.id"], name=op.f("fk_stored_value_cards_product_id")
        ),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_stored_value_cards")),
    )
    op.create_index("ix_stored_value_cards_id", "stored_value_cards", ["id"], unique=True)
    op.create_index("ix_stored_value_cards_issued_at", "stored_value_cards", ["issued_at"], unique=False)
    op.create_index(op.f("ix_stored_value_cards_product_id"), "stored_value_cards", ["product_id"], unique=False)
    op.create_table(
        "stored_value_numbers",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("card_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "card_id"],
            ["stored_value_cards.customer_id", "stored_value_cards.id"],
            name=op.f("fk_stored_value_numbers_customer_id_card_id"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_stored_value_numbers")),
    )


def _money() -> None:
    op.create_table(
        "stored_value_wrong_entries",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("entry_hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("scope", "entry_hash", name=op.f("pk_stored_value_wrong_entries")),
    )
    op.create_table(
        "stored_value_lots",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("card_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("remaining_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("remaining_minor >= 0", name=op.f("ck_stored_value_lots_never_below_zero")),
        sa.ForeignKeyConstraint(
            ["customer_id", "card_id"],
            ["stored_value_cards.customer_id", "stored_value_cards.id"],
            name=op.f("fk_stored_value_lots_customer_id_card_id"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "card_id", "id", name=op.f("pk_stored_value_lots")),
        sa.UniqueConstraint(
            "customer_id",
            "card_id",
            "last_day",
            name=op.f("uq_stored_value_lots_customer_id_card_id_last_day"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        "ix_stored_value_lots_last_day",
        "stored_value_lots",
        ["customer_id", "card_id", "last_day"],
        unique=False,
        postgresql_where=sa.text("remaining_minor > 0 AND last_day IS NOT NULL"),
    )
    op.create_table(
        "stored_value_movements",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("card_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("balance_after_minor", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("receipt_customer_id", sa.BigInteger(), nullable=True),
        sa.Column("receipt_id", sa.BigInteger(), nullable=True),
        sa.Column("reverses_seq", sa.BigInteger(), nullable=True),
        sa.Column("other_card_id", sa.BigInteger(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("store_id", sa.Integer(), nullable=True),
        sa.Column("terminal_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('sold', 'given', 'loaded', 'paid', 'refunded', 'moved', 'expired', 'adjusted', 'opening')",
            name=op.f("ck_stored_value_movements_kind_known"),
        ),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_stored_value_movements_moves_something")),
        sa.CheckConstraint("balance_after_minor >= 0", name=op.f("ck_stored_value_movements_never_below_zero")),
        sa.CheckConstraint("seq > 0", name=op.f("ck_stored_value_movements_counts_from_one")),
        sa.ForeignKeyConstraint(
            ["customer_id", "card_id"],
            ["stored_value_cards.customer_id", "stored_value_cards.id"],
            name=op.f("fk_stored_value_movements_customer_id_card_id"),
        ),
        sa.ForeignKeyConstraint(
            ["receipt_customer_id", "receipt_id"],
            ["receipts.customer_id", "receipts.id"],
            name=op.f("fk_stored_value_movements_receipt_customer_id_receipt_id"),
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_stored_value_movements_staff_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_stored_value_movements_store_id")),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name=op.f("fk_stored_value_movements_terminal_id")),
        sa.PrimaryKeyConstraint("customer_id", "card_id", "seq", name=op.f("pk_stored_value_movements")),
    )
    op.create_index(
        "ix_stored_value_movements_receipt",
        "stored_value_movements",
        ["receipt_customer_id", "receipt_id"],
        unique=False,
        postgresql_where=sa.text("receipt_id IS NOT NULL"),
    )
    op.create_table(
        "stored_value_movement_lots",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("card_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_stored_value_movement_lots_moves_something")),
        sa.ForeignKeyConstraint(
            ["customer_id", "card_id", "lot_id"],
            ["stored_value_lots.customer_id", "stored_value_lots.card_id", "stored_value_lots.id"],
            name=op.f("fk_stored_value_movement_lots_customer_id_card_id_lot_id"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "card_id", "seq"],
            ["stored_value_movements.customer_id", "stored_value_movements.card_id", "stored_value_movements.seq"],
            name=op.f("fk_stored_value_movement_lots_customer_id_card_id_seq"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "card_id", "seq", "lot_id", name=op.f("pk_stored_value_movement_lots")),
    )


def downgrade() -> None:
    _means("'cash', 'card'")
    op.drop_table("stored_value_movement_lots")
    op.drop_table("stored_value_numbers")
    op.drop_index(
        "ix_stored_value_movements_receipt",
        table_name="stored_value_movements",
        postgresql_where=sa.text("receipt_id IS NOT NULL"),
    )
    op.drop_table("stored_value_movements")
    op.drop_index(
        "ix_stored_value_lots_last_day",
        table_name="stored_value_lots",
        postgresql_where=sa.text("remaining_minor > 0 AND last_day IS NOT NULL"),
    )
    op.drop_table("stored_value_lots")
    op.drop_index(op.f("ix_stored_value_cards_product_id"), table_name="stored_value_cards")
    op.drop_index("ix_stored_value_cards_issued_at", table_name="stored_value_cards")
    op.drop_index("ix_stored_value_cards_id", table_name="stored_value_cards")
    op.drop_table("stored_value_cards")
    op.drop_index(op.f("ix_stored_value_articles_product_id"), table_name="stored_value_articles")
    op.drop_table("stored_value_articles")
    op.drop_table("stored_value_wrong_entries")
    op.drop_table("stored_value_products")
