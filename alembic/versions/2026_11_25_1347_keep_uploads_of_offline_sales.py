"""Keep uploads of offline sales, and what didn't fit in them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_1347"
down_revision = "2026_11_25_1401"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "purchase_uploads",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.Column("terminal_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("booked", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("conflicts", sa.Integer(), nullable=False),
        sa.CheckConstraint("least(booked, known, conflicts) >= 0", name=op.f("ck_purchase_uploads_none_below_zero")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_purchase_uploads_store_id")),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name=op.f("fk_purchase_uploads_terminal_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_purchase_uploads_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchase_uploads")),
    )
    op.create_table(
        "upload_conflicts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("upload_id", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.Column("receipt_no", sa.Text(), nullable=False),
        sa.Column("sold_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("document_hash", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("(seen_at IS NULL) = (seen_by IS NULL)", name=op.f("ck_upload_conflicts_seen_by_somebody")),
        sa.ForeignKeyConstraint(["upload_id"], ["purchase_uploads.id"], name=op.f("fk_upload_conflicts_upload_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_upload_conflicts_store_id")),
        sa.ForeignKeyConstraint(["seen_by"], ["staff.id"], name=op.f("fk_upload_conflicts_seen_by")),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id"],
            ["receipts.customer_id", "receipts.id"],
            name=op.f("fk_upload_conflicts_customer_id_receipt_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_conflicts")),
        sa.UniqueConstraint(
            "store_id",
            "receipt_no",
            "cause",
            "document_hash",
            name=op.f("uq_upload_conflicts_store_id_receipt_no_cause_document_hash"),
        ),
    )
    op.create_index(
        "ix_upload_conflicts_unseen", "upload_conflicts", ["id"], postgresql_where=sa.text("seen_at IS NULL")
    )


def downgrade() -> None:
    op.drop_table("upload_conflicts")
    op.drop_table("purchase_uploads")
