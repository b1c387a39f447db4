"""Seal the movements of prepaid and gift cards, as those of points are."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_1600"
down_revision = "2026_11_25_1551"
branch_labels = None
depends_on = None

_KEY = ("customer_id", "card_id", "seq")


def upgrade() -> None:
    op.create_table(
        "stored_value_seals",
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _KEY),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("ck_stored_value_seals_hash_length")),
        sa.ForeignKeyConstraint(
            _KEY,
            [f"stored_value_movements.{name}" for name in _KEY],
            name=op.f("fk_stored_value_seals_customer_id_card_id_seq"),
        ),
        sa.PrimaryKeyConstraint(*_KEY, name=op.f("pk_stored_value_seals")),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON stored_value_seals "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("stored_value_seals")
