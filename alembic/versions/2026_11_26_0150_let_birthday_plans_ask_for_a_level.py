"""Let plans around birthdays ask for a level."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_26_0150"
down_revision = "2026_11_25_2253"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "birthday_plans",
        sa.Column("levels", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )


def downgrade() -> None:
    op.drop_column("birthday_plans", "levels")
