"""Keep which return and which sale were settled as one."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_2130"
down_revision = "2026_11_25_1900"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "receipt_exchanges",
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("customer_id", "receipt_id", "sold_customer_id", "sold_receipt_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "receipt_id"],
            ["receipt_returns.customer_id", "receipt_returns.receipt_id"],
            name=op.f("fk_receipt_exchanges_customer_id_receipt_id"),
        ),
        sa.ForeignKeyConstraint(
            ["sold_customer_id", "sold_receipt_id"],
            ["receipts.customer_id", "receipts.id"],
            name=op.f("fk_receipt_exchanges_sold_customer_id_sold_receipt_id"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "receipt_id", name=op.f("pk_receipt_exchanges")),
        sa.UniqueConstraint("sold_customer_id", "sold_receipt_id", name="uq_receipt_exchanges_sold"),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON receipt_exchanges "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("receipt_exchanges")
