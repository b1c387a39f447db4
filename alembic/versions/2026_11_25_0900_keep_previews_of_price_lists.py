"""Keep files of price lists with what they would change, until somebody confirms it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_0900"
down_revision = "2026_11_25_0830"
branch_labels = None
depends_on = None

JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.create_table(
        "price_list_uploads",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("encoding", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("warnings", JSON, nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(applied_at IS NULL) = (content IS NOT NULL)", name=op.f("ck_price_list_uploads_kept_until_applied")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_price_list_uploads_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_list_uploads")),
    )
    op.create_table(
        "price_list_upload_rows",
        sa.Column("upload_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("list_code", sa.Text(), nullable=True),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("group", sa.Text(), nullable=True),
        sa.Column("store", sa.Text(), nullable=True),
        sa.Column("old_price_minor", sa.BigInteger(), nullable=True),
        sa.Column("old_off_bp", sa.Integer(), nullable=True),
        sa.Column("old_last", sa.Date(), nullable=True),
        sa.Column("price_minor", sa.BigInteger(), nullable=True),
        sa.Column("off_bp", sa.Integer(), nullable=True),
        sa.Column("first", sa.Date(), nullable=True),
        sa.Column("last", sa.Date(), nullable=True),
        sa.Column("column", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("msgid", sa.Text(), nullable=True),
        sa.Column("facts", JSON, nullable=True),
        sa.CheckConstraint(
            "outcome IN ('new', 'changed', 'unchanged', 'refused')",
            name=op.f("ck_price_list_upload_rows_outcome_known"),
        ),
        sa.ForeignKeyConstraint(
            ["upload_id"],
            ["price_list_uploads.id"],
            name=op.f("fk_price_list_upload_rows_upload_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("upload_id", "no", name=op.f("pk_price_list_upload_rows")),
    )
    op.create_index("ix_price_list_upload_rows_outcome", "price_list_upload_rows", ["upload_id", "outcome", "no"])


def downgrade() -> None:
    op.drop_table("price_list_upload_rows")
    op.drop_table("price_list_uploads")
