"""Let head office define fields of its own, of five types."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_1350"
down_revision = "2026_11_25_1417"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "classification_fields",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("labels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("choices", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "kind IN ('text', 'number', 'date', 'choice', 'choices')", name=op.f("ck_classification_fields_kind_known")
        ),
        sa.CheckConstraint(
            "(kind IN ('choice', 'choices')) = (choices <> '[]')",
            name=op.f("ck_classification_fields_choices_with_kind"),
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_classification_fields")),
    )
    # A list of customers can be narrowed to those who have something in a field.
    op.create_index("ix_customer_classifications_name", "customer_classifications", ["name", "value"])
