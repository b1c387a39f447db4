"""Keep what each customer's receipts of a calendar year come to."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_2028"
down_revision = "2026_11_26_2022"
branch_labels = None
depends_on = None

_COUNTS = ("receipts", "purchases", "returns")
_AMOUNTS = ("spend_minor", "quantity_milli", "list_minor", "returned_minor")


def upgrade() -> None:
    # What is summed up meanwhile by the job would be missing here, or be there twice.
    op.execute("SELECT pg_advisory_xact_lock(hashtextextended('rollups', 0))")
    op.create_table(
        "customer_years",
        sa.Column("year", sa.Date(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTS),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _AMOUNTS),
    )
    names = (*_COUNTS, *_AMOUNTS)
    op.execute(f"""
        INSERT INTO customer_years (year, customer_id, {", ".join(names)})
        SELECT date_trunc('year', sold_on::timestamp)::date, customer_id, {", ".join(f"sum({name})" for name in names)}
          FROM customer_days GROUP BY 1, 2 ORDER BY 1, 2
    """)  # noqa: S608 - constants
    key = f"PRIMARY KEY (year, customer_id) INCLUDE ({', '.join(names)})"
    op.execute(f"ALTER TABLE customer_years ADD CONSTRAINT pk_customer_years {key}")
    op.execute("ANALYZE customer_years")


def downgrade() -> None:
    op.drop_table("customer_years")
