"""Keep offers in versions, and count their uses."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_0730"
down_revision = "2026_11_22_1300"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "offers",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("live_no", sa.Integer(), nullable=True),
        sa.Column("latest_no", sa.Integer(), server_default="1", nullable=False),
        sa.Column("counted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('draft', 'published', 'paused', 'ended')", name=op.f("ck_offers_state_known")),
        sa.CheckConstraint("(state = 'draft') = (live_no IS NULL)", name=op.f("ck_offers_draft_without_version")),
        sa.CheckConstraint("live_no <= latest_no", name=op.f("ck_offers_live_not_above_latest")),
        sa.CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9_.-]{0,49}$'", name=op.f("ck_offers_code_form")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
        sa.UniqueConstraint("code", name=op.f("uq_offers_code")),
    )
    op.create_index(
        "ix_offers_counted",
        "offers",
        ["id", "code"],
        unique=True,
        postgresql_where=sa.text("state = 'published' AND counted"),
    )
    op.create_table(
        "offer_versions",
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["offers.id"], name=op.f("fk_offer_versions_offer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_offer_versions_staff_id")),
        sa.PrimaryKeyConstraint("offer_id", "version_no", name=op.f("pk_offer_versions")),
    )
    op.create_foreign_key("fk_offers_live", "offers", "offer_versions", ["id", "live_no"], ["offer_id", "version_no"])
    op.create_table(
        "offer_catalogue",
        sa.Column("id", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Uuid(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_offer_catalogue_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_catalogue")),
    )
    op.create_table(
        "offer_uses",
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column("uses", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("given_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("uses >= 0", name=op.f("ck_offer_uses_not_negative")),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_offer_uses_offer_id")),
        sa.PrimaryKeyConstraint("offer_id", name=op.f("pk_offer_uses")),
    )
    op.create_table(
        "offer_day_uses",
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("baskets", sa.BigInteger(), nullable=False),
        sa.Column("given_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_offer_day_uses_offer_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_offer_day_uses_store_id")),
        sa.PrimaryKeyConstraint("offer_id", "day", "store_id", name=op.f("pk_offer_day_uses")),
    )
    op.create_table(
        "offer_member_uses",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("offer_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_offer_member_uses_customer_id")),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_offer_member_uses_offer_id")),
        sa.PrimaryKeyConstraint("customer_id", "offer_id", "day", name=op.f("pk_offer_member_uses")),
    )
    op.create_index("ix_offer_member_uses_offer_id", "offer_member_uses", ["offer_id"])
    # A fixed version for the empty set, which is the same in every new database.
    op.execute("INSERT INTO offer_catalogue (id, version) VALUES (1, '00000000-0000-0000-0000-000000000000')")
    op.execute(
        "CREATE FUNCTION refuse_published_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF OLD.published_at IS NOT NULL THEN "
        "RAISE EXCEPTION 'version % of offer % is published: % is refused', OLD.version_no, OLD.offer_id, TG_OP; "
        "END IF; "
        "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER published_stays BEFORE UPDATE OR DELETE ON offer_versions "
        "FOR EACH ROW EXECUTE FUNCTION refuse_published_change()"
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE TRUNCATE ON offer_versions "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("offer_member_uses")
    op.drop_table("offer_day_uses")
    op.drop_table("offer_uses")
    op.drop_table("offer_catalogue")
    op.drop_constraint("fk_offers_live", "offers")
    op.drop_table("offer_versions")
    op.drop_table("offers")
    op.execute("DROP FUNCTION refuse_published_change()")
