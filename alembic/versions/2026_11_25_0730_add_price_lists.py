"""Add price lists: prices for the members of a club, a level or a customer group."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_0730_price_lists"
down_revision = "2026_11_25_0820"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "price_lists",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("club_id", sa.Integer(), nullable=True),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("segment", sa.Text(), nullable=True),
        sa.Column("always", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("all_stores", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("validity", postgresql.DATERANGE(), server_default="(,)", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(r"code ~ '^\S(.{0,98}\S)?$'", name=op.f("ck_price_lists_code_form")),
        sa.CheckConstraint("state IN ('draft', 'published', 'closed')", name=op.f("ck_price_lists_state_known")),
        sa.CheckConstraint(
            "(segment IS NOT NULL) = (club_id IS NULL AND level IS NULL)", name=op.f("ck_price_lists_for_somebody")
        ),
        sa.CheckConstraint("level <> '' AND segment <> ''", name=op.f("ck_price_lists_audience_named")),
        sa.CheckConstraint("NOT isempty(validity)", name=op.f("ck_price_lists_has_days")),
        sa.ForeignKeyConstraint(["club_id"], ["clubs.id"], name=op.f("fk_price_lists_club_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_lists")),
        sa.UniqueConstraint("code", name=op.f("uq_price_lists_code")),
    )
    op.create_index("ix_price_lists_club_id", "price_lists", ["club_id"])
    op.create_table(
        "price_list_stores",
        sa.Column("price_list_id", sa.Integer(), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["price_list_id"], ["price_lists.id"], name=op.f("fk_price_list_stores_price_list_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_price_list_stores_store_id")),
        sa.PrimaryKeyConstraint("price_list_id", "store_id", name=op.f("pk_price_list_stores")),
    )
    op.create_index("ix_price_list_stores_store_id", "price_list_stores", ["store_id"])
    _create_entries()


def _create_entries() -> None:
    op.create_table(
        "price_list_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("price_list_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("price_minor", sa.BigInteger(), nullable=True),
        sa.Column("off_bp", sa.Integer(), nullable=True),
        sa.Column("validity", postgresql.DATERANGE(), server_default="(,)", nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("product_id IS NULL OR group_id IS NULL", name=op.f("ck_price_list_entries_one_scope")),
        sa.CheckConstraint(
            "(price_minor IS NULL) <> (off_bp IS NULL)", name=op.f("ck_price_list_entries_price_or_percent")
        ),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_price_list_entries_price_not_negative")),
        sa.CheckConstraint("off_bp BETWEEN 0 AND 10000", name=op.f("ck_price_list_entries_off_in_range")),
        sa.CheckConstraint("NOT isempty(validity)", name=op.f("ck_price_list_entries_has_days")),
        sa.ForeignKeyConstraint(
            ["price_list_id"], ["price_lists.id"], name=op.f("fk_price_list_entries_price_list_id")
        ),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_price_list_entries_product_id")),
        sa.ForeignKeyConstraint(["group_id"], ["product_groups.id"], name=op.f("fk_price_list_entries_group_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_price_list_entries_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_list_entries")),
    )
    op.create_index(
        "ix_price_list_entries_product_id",
        "price_list_entries",
        ["product_id", "price_list_id"],
        postgresql_where=sa.text("product_id IS NOT NULL"),
    )
    op.create_index(
        "ix_price_list_entries_group_id",
        "price_list_entries",
        ["group_id", "price_list_id"],
        postgresql_where=sa.text("product_id IS NULL"),
    )
    op.create_index("ix_price_list_entries_price_list_id", "price_list_entries", ["price_list_id", "id"])
    op.create_index("ix_price_list_entries_store_id", "price_list_entries", ["store_id"])
    op.execute(
        "ALTER TABLE price_list_entries ADD CONSTRAINT ex_price_list_entries_said_once EXCLUDE USING gist ("
        "int8range(coalesce(product_id, 0), coalesce(product_id, 0), '[]') WITH &&, "
        "int8range(coalesce(group_id, 0), coalesce(group_id, 0), '[]') WITH &&, "
        "int8range(price_list_id, price_list_id, '[]') WITH &&, "
        "int8range(coalesce(store_id, 0), coalesce(store_id, 0), '[]') WITH &&, "
        "validity WITH &&) DEFERRABLE INITIALLY IMMEDIATE"
    )


def downgrade() -> None:
    op.drop_table("price_list_entries")
    op.drop_table("price_list_stores")
    op.drop_table("price_lists")
