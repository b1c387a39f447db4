"""Find customers by the beginning of any of their numbers, whatever the database's collation."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_1300"
down_revision = "2026_11_22_1200"
branch_labels = None
depends_on = None

KNOWN = ("mobile", "phone", "email", "id_number")
NEW = ("number", "own_id")


def upgrade() -> None:
    for column in KNOWN:
        op.drop_index(f"ix_customers_{column}", "customers")
    for column in (*KNOWN, *NEW):
        op.create_index(
            f"ix_customers_{column}",
            "customers",
            [column],
            postgresql_ops={column: "text_pattern_ops"},
            postgresql_where=None if column == "number" else sa.text(f"{column} IS NOT NULL"),
        )
    op.create_index("ix_cards_number", "cards", ["number"], postgresql_ops={"number": "text_pattern_ops"})


def downgrade() -> None:
    op.drop_index("ix_cards_number", "cards")
    for column in (*KNOWN, *NEW):
        op.drop_index(f"ix_customers_{column}", "customers")
    for column in KNOWN:
        op.create_index(
            f"ix_customers_{column}", "customers", [column], postgresql_where=sa.text(f"{column} IS NOT NULL")
        )
