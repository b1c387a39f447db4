"""Keep with the basket of a till which cards pay, and which it sells."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_1401"
down_revision = "2026_11_25_1336"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "baskets", sa.Column("paying_cards", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False)
    )
    op.add_column("baskets", sa.Column("sold_cards", postgresql.JSONB(), server_default="[]", nullable=False))


def downgrade() -> None:
    op.drop_column("baskets", "sold_cards")
    op.drop_column("baskets", "paying_cards")
