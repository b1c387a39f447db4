"""Let head office decide what the forms of new customers show and need."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_0830"
down_revision = "2026_11_25_0810"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customer_form_fields",
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("help", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("place IN ('till', 'office', 'self')", name=op.f("ck_customer_form_fields_place_known")),
        sa.CheckConstraint("shown OR NOT required", name=op.f("ck_customer_form_fields_required_is_shown")),
        sa.PrimaryKeyConstraint("place", "field", name=op.f("pk_customer_form_fields")),
        sa.UniqueConstraint(
            "place",
            "position",
            deferrable=True,
            initially="DEFERRED",
            name=op.f("uq_customer_form_fields_place_position"),
        ),
    )
