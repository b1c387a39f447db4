"""Keep customers' favourites and scores of a day, so that a million of them needn't be found out for each question."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_1408"
down_revision = "2026_11_26_1400"
branch_labels = None
depends_on = None

_FAVOURITES = ("group", "department", "brand", "product", "store")
_SCORES = ("recency", "frequency", "money")


def upgrade() -> None:
    op.create_table(
        "customer_habits",
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        *(sa.Column(f"favourite_{name}", sa.Text(), nullable=True) for name in _FAVOURITES),
        *(sa.Column(f"{name}_score", sa.SmallInteger(), nullable=True) for name in _SCORES),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer_habits")),
    )


def downgrade() -> None:
    op.drop_table("customer_habits")
