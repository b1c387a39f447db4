"""Keep files that are too long for one answer until whoever asked has fetched them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_2120"
down_revision = "2026_11_25_2130"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("staff_id", sa.Integer(), sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.BigInteger(), sa.ForeignKey("job_runs.id", ondelete="SET NULL")),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("status", sa.Integer()),
        sa.Column("headers", postgresql.JSONB(none_as_null=True)),
        sa.Column("rows", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("(ended_at IS NULL) = (status IS NULL)", name="end_has_status"),
    )
    op.create_index("ix_exports_staff_id", "exports", ["staff_id", "id"])
    op.create_index("ix_exports_run_id", "exports", ["run_id"])
    op.create_index(
        "uq_exports_open",
        "exports",
        ["staff_id", "path", "query", "language"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "export_parts",
        sa.Column("export_id", sa.BigInteger(), sa.ForeignKey("exports.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("no", sa.Integer(), primary_key=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("export_parts")
    op.drop_table("exports")
