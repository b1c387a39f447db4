"""Give cards a number for addresses, and lead a replaced card to the newer one."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_0810"
down_revision = "2026_11_25_0740"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cards", sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False))
    op.create_unique_constraint(op.f("uq_cards_id"), "cards", ["id"])
    op.add_column("cards", sa.Column("replaced_by", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_cards_replaced_by"), "cards", "cards", ["replaced_by"], ["id"])
    op.create_check_constraint(
        op.f("ck_cards_replaced_by_a_card"), "cards", "replaced_by IS NULL OR state = 'replaced'"
    )
