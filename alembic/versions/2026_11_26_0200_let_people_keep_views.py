"""Let people keep views of lists and reports, and share them with colleagues."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_0200"
down_revision = "2026_11_26_0150"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Integer(), sa.Identity(), primary_key=True),
        sa.Column("staff_id", sa.Integer(), sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("name <> ''", name="named"),
        sa.CheckConstraint("page LIKE '/%'", name="of_a_page"),
    )
    op.create_index(
        "uq_saved_views_name", "saved_views", ["staff_id", "page", sa.text("lower(name)")], unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )  # fmt: skip
    op.create_index(
        "ix_saved_views_page", "saved_views", ["page"], postgresql_where=sa.text("shared AND deleted_at IS NULL")
    )


def downgrade() -> None:
    op.drop_table("saved_views")
