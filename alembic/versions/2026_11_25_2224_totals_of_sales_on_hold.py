"""Keep what a sale came to when it was laid aside: the list of a till shows it without pricing each one again."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_2224"
down_revision = "2026_11_25_2223"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("baskets", sa.Column("held_minor", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("baskets", "held_minor")
