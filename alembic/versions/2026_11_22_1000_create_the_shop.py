"""Create the shop: chain, staff, customers, catalogue, receipts, clubs, cards, points, baskets."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_22_1000"
down_revision = None
branch_labels = None
depends_on = None

# What happened is never changed: corrections are rows of their own.
APPEND_ONLY = (
    "audit_entries",
    "consent_changes",
    "points_movements",
    "receipts",
    "receipt_lines",
    "receipt_numbers",
    "receipt_payments",
)


def upgrade() -> None:
    op.create_table(
        "brands",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brands")),
        sa.UniqueConstraint("name", name=op.f("uq_brands_name")),
    )
    op.create_table(
        "chain",
        sa.Column("id", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_chain_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain")),
    )
    op.create_table(
        "clubs",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("earn_points", sa.Integer(), nullable=False),
        sa.Column("earn_per_minor", sa.BigInteger(), nullable=False),
        sa.Column("worth_points", sa.Integer(), nullable=False),
        sa.Column("worth_minor", sa.BigInteger(), nullable=False),
        sa.Column("term_kind", sa.Text(), nullable=False),
        sa.Column("term_months", sa.Integer(), nullable=True),
        sa.Column("tone", sa.Text(), server_default="teal", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "(term_kind = 'months') = (term_months IS NOT NULL)", name=op.f("ck_clubs_months_with_kind")
        ),
        sa.CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9_-]{0,30}$'", name=op.f("ck_clubs_code_form")),
        sa.CheckConstraint("state IN ('draft', 'published', 'closed')", name=op.f("ck_clubs_state_known")),
        sa.CheckConstraint("earn_per_minor > 0", name=op.f("ck_clubs_earn_per_above_zero")),
        sa.CheckConstraint("earn_points >= 0", name=op.f("ck_clubs_earn_points_not_negative")),
        sa.CheckConstraint("term_months BETWEEN 1 AND 1200", name=op.f("ck_clubs_term_in_range")),
        sa.CheckConstraint("worth_minor >= 0 AND worth_points > 0", name=op.f("ck_clubs_worth_in_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clubs")),
        sa.UniqueConstraint("code", name=op.f("uq_clubs_code")),
    )
    op.create_table(
        "departments",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departments")),
        sa.UniqueConstraint("name", name=op.f("uq_departments_name")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index("ix_idempotency_keys_at", "idempotency_keys", ["at"], unique=False, postgresql_using="brin")
    op.create_table(
        "product_groups",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_groups")),
        sa.UniqueConstraint("name", name=op.f("uq_product_groups_name")),
    )
    op.create_table(
        "stores",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("stub", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stores")),
        sa.UniqueConstraint("code", name=op.f("uq_stores_code")),
    )
    op.create_table(
        "customers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("given_name_2", sa.Text(), nullable=True),
        sa.Column("family_name_2", sa.Text(), nullable=True),
        sa.Column("id_kind", sa.Text(), server_default="none", nullable=False),
        sa.Column("id_country", sa.String(length=2), nullable=True),
        sa.Column("id_number", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("mobile", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("street", sa.Text(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("birthday", sa.Date(), nullable=True),
        sa.Column("anniversary", sa.Date(), nullable=True),
        sa.Column("gender", sa.String(length=1), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=True),
        sa.Column("home_store_id", sa.Integer(), nullable=True),
        sa.Column("own_id", sa.Text(), nullable=True),
        sa.Column("consent_advertising", sa.Boolean(), nullable=True),
        sa.Column("consent_sms", sa.Boolean(), nullable=True),
        sa.Column("consent_email", sa.Boolean(), nullable=True),
        sa.Column("consent_post", sa.Boolean(), nullable=True),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(id_kind = 'none') = (id_country IS NULL)", name=op.f("ck_customers_id_country_with_kind")),
        sa.CheckConstraint("(id_kind = 'none') = (id_number IS NULL)", name=op.f("ck_customers_id_number_with_kind")),
        sa.CheckConstraint("gender IN ('F', 'M', 'X')", name=op.f("ck_customers_gender_known")),
        sa.CheckConstraint("id_kind IN ('national_id', 'passport', 'none')", name=op.f("ck_customers_id_kind_known")),
        sa.CheckConstraint("state IN ('active', 'merged', 'erased')", name=op.f("ck_customers_state_known")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_customers_email_lower")),
        sa.ForeignKeyConstraint(["home_store_id"], ["stores.id"], name=op.f("fk_customers_home_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sa.UniqueConstraint("number", name=op.f("uq_customers_number")),
        sa.UniqueConstraint("own_id", name=op.f("uq_customers_own_id")),
    )
    op.create_index(
        "ix_customers_email", "customers", ["email"], unique=False, postgresql_where=sa.text("email IS NOT NULL")
    )
    op.create_index(
        "ix_customers_id_number",
        "customers",
        ["id_number"],
        unique=False,
        postgresql_where=sa.text("id_number IS NOT NULL"),
    )
    op.create_index(
        "ix_customers_mobile", "customers", ["mobile"], unique=False, postgresql_where=sa.text("mobile IS NOT NULL")
    )
    op.create_index("ix_customers_names", "customers", ["family_name", "given_name", "id"], unique=False)
    op.create_index(
        "ix_customers_phone", "customers", ["phone"], unique=False, postgresql_where=sa.text("phone IS NOT NULL")
    )
    op.create_index(
        "uq_customers_identity",
        "customers",
        ["id_country", "id_kind", "id_number"],
        unique=True,
        postgresql_where=sa.text("id_number IS NOT NULL AND state = 'active'"),
    )
    op.create_table(
        "products",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("brand_id", sa.Integer(), nullable=True),
        sa.Column("list_price_minor", sa.BigInteger(), nullable=False),
        sa.Column("vat_bp", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="goods", nullable=False),
        sa.Column("earns_points", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("stub", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("kind = 'goods' OR NOT earns_points", name=op.f("ck_products_only_goods_earn")),
        sa.CheckConstraint(
            "kind IN ('goods', 'delivery', 'gift_card', 'deposit')", name=op.f("ck_products_kind_known")
        ),
        sa.CheckConstraint("list_price_minor >= 0", name=op.f("ck_products_price_not_negative")),
        sa.CheckConstraint("vat_bp BETWEEN 0 AND 10000", name=op.f("ck_products_vat_in_range")),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name=op.f("fk_products_brand_id")),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_products_department_id")),
        sa.ForeignKeyConstraint(["group_id"], ["product_groups.id"], name=op.f("fk_products_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("sku", name=op.f("uq_products_sku")),
    )
    op.create_index(op.f("ix_products_brand_id"), "products", ["brand_id"], unique=False)
    op.create_index(op.f("ix_products_department_id"), "products", ["department_id"], unique=False)
    op.create_index(op.f("ix_products_group_id"), "products", ["group_id"], unique=False)
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("pin_hash", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('hq', 'manager', 'cashier')", name=op.f("ck_staff_role_known")),
        sa.CheckConstraint("username = lower(username)", name=op.f("ck_staff_username_lower")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_staff_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("username", name=op.f("uq_staff_username")),
    )
    op.create_table(
        "terminals",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("next_receipt", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_terminals_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terminals")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_terminals_key_hash")),
        sa.UniqueConstraint("store_id", "number", name=op.f("uq_terminals_store_id_number")),
    )
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("terminal_id", sa.Integer(), nullable=True),
        sa.Column("store_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint("staff_id IS NOT NULL OR actor <> ''", name=op.f("ck_audit_entries_somebody_did_it")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_audit_entries_staff_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_audit_entries_store_id")),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name=op.f("fk_audit_entries_terminal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index("ix_audit_entries_at", "audit_entries", ["at"], unique=False)
    op.create_index("ix_audit_entries_entity", "audit_entries", ["entity", "entity_id", "id"], unique=False)
    op.create_index("ix_audit_entries_staff_id", "audit_entries", ["staff_id", "id"], unique=False)
    op.create_table(
        "baskets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("terminal_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_line", sa.Integer(), server_default="0", nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(state = 'paid') = (receipt_id IS NOT NULL)", name=op.f("ck_baskets_paid_has_receipt")),
        sa.CheckConstraint("state IN ('open', 'held', 'paid')", name=op.f("ck_baskets_state_known")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_baskets_customer_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_baskets_staff_id")),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name=op.f("fk_baskets_terminal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_baskets")),
    )
    op.create_index(
        "ix_baskets_held", "baskets", ["terminal_id"], unique=False, postgresql_where=sa.text("state = 'held'")
    )
    op.create_index(
        "uq_baskets_open", "baskets", ["terminal_id"], unique=True, postgresql_where=sa.text("state = 'open'")
    )
    op.create_table(
        "cards",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("club_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number ~ '^[0-9]{8,19}$'", name=op.f("ck_cards_number_form")),
        sa.CheckConstraint("state IN ('active', 'blocked', 'lost', 'replaced')", name=op.f("ck_cards_state_known")),
        sa.ForeignKeyConstraint(["club_id"], ["clubs.id"], name=op.f("fk_cards_club_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_cards_customer_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_cards")),
    )
    op.create_index(op.f("ix_cards_customer_id"), "cards", ["customer_id"], unique=False)
    op.create_table(
        "consent_changes",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("terminal_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "channel IN ('advertising', 'sms', 'email', 'post')", name=op.f("ck_consent_changes_channel_known")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_consent_changes_customer_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_consent_changes_staff_id")),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name=op.f("fk_consent_changes_terminal_id")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_consent_changes")),
    )
    op.create_table(
        "customer_classifications",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_customer_classifications_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("customer_id", "name", name=op.f("pk_customer_classifications")),
    )
    op.create_table(
        "customer_name_tokens",
        sa.Column("token", sa.Text(collation="C"), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_customer_name_tokens_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token", "customer_id", name=op.f("pk_customer_name_tokens")),
    )
    op.create_index(op.f("ix_customer_name_tokens_customer_id"), "customer_name_tokens", ["customer_id"], unique=False)
    op.create_table(
        "points_accounts",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("balance", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_points_accounts_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_points_accounts")),
    )
    op.create_index("ix_points_accounts_id", "points_accounts", ["id"], unique=False)
    op.create_table(
        "receipts",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.Column("terminal_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("receipt_no", sa.Text(), nullable=False),
        sa.Column("sold_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sold_on", sa.Date(), nullable=False),
        sa.Column("list_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("rounding_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_receipts_customer_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_receipts_staff_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_receipts_store_id")),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name=op.f("fk_receipts_terminal_id")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_receipts")),
    )
    op.create_index("ix_receipts_customer_id_sold_at", "receipts", ["customer_id", "sold_at"], unique=False)
    op.create_index("ix_receipts_id", "receipts", ["id"], unique=False)
    op.create_index("ix_receipts_sold_on", "receipts", ["sold_on"], unique=False)
    op.create_table(
        "staff_sessions",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("terminal_id", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_sessions_staff_id")),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name=op.f("fk_staff_sessions_terminal_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_staff_sessions")),
    )
    op.create_index(op.f("ix_staff_sessions_staff_id"), "staff_sessions", ["staff_id"], unique=False)
    op.create_index(op.f("ix_staff_sessions_terminal_id"), "staff_sessions", ["terminal_id"], unique=False)
    op.create_table(
        "terminal_enrolments",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("terminal_id", sa.Integer(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name=op.f("fk_terminal_enrolments_terminal_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_terminal_enrolments")),
    )
    op.create_index(op.f("ix_terminal_enrolments_terminal_id"), "terminal_enrolments", ["terminal_id"], unique=False)
    op.create_table(
        "basket_lines",
        sa.Column("basket_id", sa.Uuid(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity_milli > 0", name=op.f("ck_basket_lines_quantity_above_zero")),
        sa.ForeignKeyConstraint(
            ["basket_id"], ["baskets.id"], name=op.f("fk_basket_lines_basket_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_basket_lines_product_id")),
        sa.PrimaryKeyConstraint("basket_id", "line_no", name=op.f("pk_basket_lines")),
        sa.UniqueConstraint("basket_id", "product_id", name=op.f("uq_basket_lines_basket_id_product_id")),
    )
    op.create_table(
        "memberships",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("club_id", sa.Integer(), nullable=False),
        sa.Column("points_account_id", sa.BigInteger(), nullable=False),
        sa.Column("joined_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["club_id"], ["clubs.id"], name=op.f("fk_memberships_club_id")),
        sa.ForeignKeyConstraint(
            ["customer_id", "points_account_id"],
            ["points_accounts.customer_id", "points_accounts.id"],
            name=op.f("fk_memberships_customer_id_points_account_id"),
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_memberships_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_memberships")),
        sa.UniqueConstraint("customer_id", "club_id", name=op.f("uq_memberships_customer_id_club_id")),
    )
    op.create_index("ix_memberships_club_id", "memberships", ["club_id", "customer_id"], unique=False)
    op.create_index("ix_memberships_id", "memberships", ["id"], unique=False)
    op.create_table(
        "points_movements",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("balance_after", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), nullable=True),
        sa.Column("store_id", sa.Integer(), nullable=True),
        sa.Column("terminal_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("points <> 0", name=op.f("ck_points_movements_moves_something")),
        sa.ForeignKeyConstraint(
            ["customer_id", "account_id"],
            ["points_accounts.customer_id", "points_accounts.id"],
            name=op.f("fk_points_movements_customer_id_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id"],
            ["receipts.customer_id", "receipts.id"],
            name=op.f("fk_points_movements_customer_id_receipt_id"),
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_points_movements_staff_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_points_movements_store_id")),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name=op.f("fk_points_movements_terminal_id")),
        sa.PrimaryKeyConstraint("customer_id", "account_id", "seq", name=op.f("pk_points_movements")),
    )
    op.create_table(
        "receipt_lines",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.Column("list_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("vat_bp", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id"],
            ["receipts.customer_id", "receipts.id"],
            name=op.f("fk_receipt_lines_customer_id_receipt_id"),
        ),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_receipt_lines_product_id")),
        sa.PrimaryKeyConstraint("customer_id", "receipt_id", "line_no", name=op.f("pk_receipt_lines")),
    )
    op.create_table(
        "receipt_numbers",
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.Column("receipt_no", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id"],
            ["receipts.customer_id", "receipts.id"],
            name=op.f("fk_receipt_numbers_customer_id_receipt_id"),
        ),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_receipt_numbers_store_id")),
        sa.PrimaryKeyConstraint("store_id", "receipt_no", name=op.f("pk_receipt_numbers")),
    )
    op.create_table(
        "receipt_payments",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), nullable=False),
        sa.Column("payment_no", sa.SmallInteger(), nullable=False),
        sa.Column("means", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("means IN ('cash', 'card')", name=op.f("ck_receipt_payments_means_known")),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id"],
            ["receipts.customer_id", "receipts.id"],
            name=op.f("fk_receipt_payments_customer_id_receipt_id"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "receipt_id", "payment_no", name=op.f("pk_receipt_payments")),
    )
    op.create_table(
        "membership_periods",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("period_no", sa.Integer(), nullable=False),
        sa.Column("validity", postgresql.DATERANGE(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("terminal_id", sa.Integer(), nullable=True),
        sa.Column("store_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('joining', 'renewal', 'extension')", name=op.f("ck_membership_periods_kind_known")
        ),
        sa.CheckConstraint(
            "NOT isempty(validity) AND lower(validity) IS NOT NULL", name=op.f("ck_membership_periods_has_days")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "membership_id"],
            ["memberships.customer_id", "memberships.id"],
            name=op.f("fk_membership_periods_customer_id_membership_id"),
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_membership_periods_staff_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_membership_periods_store_id")),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name=op.f("fk_membership_periods_terminal_id")),
        sa.PrimaryKeyConstraint("customer_id", "membership_id", "period_no", name=op.f("pk_membership_periods")),
    )
    op.execute("ALTER TABLE points_accounts SET (fillfactor = 70)")
    op.execute("ALTER TABLE baskets SET (fillfactor = 80)")
    op.execute(
        "ALTER TABLE membership_periods ADD CONSTRAINT ex_membership_periods_apart "
        "EXCLUDE USING gist (int8range(membership_id, membership_id, '[]') WITH &&, validity WITH &&)"
    )
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "INSERT INTO customers (id, number, given_name, family_name, opened_at, changed_at) "
        "VALUES (0, '0', '', '', now(), now())"
    )
