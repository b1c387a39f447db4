"""Save segments with their versions, lists and counts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_1340"
down_revision = "2026_11_25_1331"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "segments",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("version_no", sa.Integer(), nullable=True),
        sa.Column("by_sale", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("at_till", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("customers", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('dynamic', 'frozen')", name=op.f("ck_segments_kind_known")),
        sa.CheckConstraint("state IN ('active', 'closed')", name=op.f("ck_segments_state_known")),
        sa.CheckConstraint(
            "(kind = 'dynamic') = (version_no IS NOT NULL)", name=op.f("ck_segments_dynamic_has_version")
        ),
        sa.CheckConstraint("name <> ''", name=op.f("ck_segments_named")),
        sa.ForeignKeyConstraint(["owner_id"], ["staff.id"], name=op.f("fk_segments_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments")),
        sa.UniqueConstraint("name", name=op.f("uq_segments_name")),
    )
    op.create_table(
        "segment_versions",
        sa.Column("segment_id", sa.Integer(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("condition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["segment_id"], ["segments.id"], name=op.f("fk_segment_versions_segment_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_segment_versions_staff_id")),
        sa.PrimaryKeyConstraint("segment_id", "version_no", name=op.f("pk_segment_versions")),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON segment_versions "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.create_table(
        "segment_customers",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("segment_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_segment_customers_customer_id")),
        sa.ForeignKeyConstraint(["segment_id"], ["segments.id"], name=op.f("fk_segment_customers_segment_id")),
        sa.PrimaryKeyConstraint("customer_id", "segment_id", name=op.f("pk_segment_customers")),
    )
    op.create_index("ix_segment_customers_segment_id", "segment_customers", ["segment_id", "customer_id"])
    op.create_table(
        "segment_counts",
        sa.Column("segment_id", sa.Integer(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("customers", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["segment_id"], ["segments.id"], name=op.f("fk_segment_counts_segment_id")),
        sa.PrimaryKeyConstraint("segment_id", "on_date", name=op.f("pk_segment_counts")),
    )


def downgrade() -> None:
    for table in ("segment_counts", "segment_customers", "segment_versions", "segments"):
        op.drop_table(table)
