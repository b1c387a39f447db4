"""Let a basket know by which card its customer was identified: a renewal in that sale needs no second look at it."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_2147"
down_revision = "2026_11_25_2140"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("baskets", sa.Column("card_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_baskets_card_id_cards"), "baskets", "cards", ["card_id"], ["id"])


def downgrade() -> None:
    op.drop_column("baskets", "card_id")
