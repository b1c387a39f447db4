"""Sum up receipts by customer, and keep which ones wait for it."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_1330"
down_revision = "2026_11_25_1320"
branch_labels = None
depends_on = None


def _sums() -> list[sa.Column[int]]:
    return [
        sa.Column("purchases", sa.Integer(), nullable=False),
        sa.Column("returns", sa.Integer(), nullable=False),
        sa.Column("spend_minor", sa.BigInteger(), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "receipts_to_roll",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "receipt_id", name=op.f("pk_receipts_to_roll")),
    )
    op.create_table(
        "groups_to_roll",
        sa.Column("group_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("group_id", name=op.f("pk_groups_to_roll")),
    )
    op.create_table(
        "customer_days",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("sold_on", sa.Date(), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        *_sums(),
        sa.PrimaryKeyConstraint("customer_id", "sold_on", "store_id", name=op.f("pk_customer_days")),
    )
    included = ["purchases", "returns", "spend_minor", "quantity_milli"]
    op.create_index(
        "ix_customer_days_sold_on",
        "customer_days",
        ["sold_on", "customer_id"],
        postgresql_include=["store_id", *included],
    )
    op.create_table(
        "customer_group_days",
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("sold_on", sa.Date(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        *_sums(),
    )
    op.execute(
        "ALTER TABLE customer_group_days ADD CONSTRAINT pk_customer_group_days "
        "PRIMARY KEY (group_id, sold_on, customer_id) INCLUDE (purchases, returns, spend_minor, quantity_milli)"
    )
    op.create_index("ix_customer_group_days_customer_id", "customer_group_days", ["customer_id", "group_id"])
    op.create_table(
        "customer_summaries",
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        *_sums(),
        sa.Column("first_on", sa.Date(), nullable=True),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer_summaries")),
    )
    op.execute(
        """
        CREATE FUNCTION receipts_wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          INSERT INTO receipts_to_roll SELECT customer_id, id FROM written WHERE customer_id <> 0;
          RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER receipts_wait AFTER INSERT ON receipts REFERENCING NEW TABLE AS written "
        "FOR EACH STATEMENT EXECUTE FUNCTION receipts_wait()"
    )
    op.execute(
        """
        CREATE FUNCTION groups_wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          INSERT INTO groups_to_roll
          SELECT DISTINCT moved.group_id FROM before JOIN after USING (id)
           CROSS JOIN LATERAL (VALUES (before.group_id), (after.group_id)) AS moved (group_id)
           WHERE before.group_id IS DISTINCT FROM after.group_id AND moved.group_id IS NOT NULL
          ON CONFLICT DO NOTHING;
          RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER groups_wait AFTER UPDATE ON products REFERENCING OLD TABLE AS before NEW TABLE AS after "
        "FOR EACH STATEMENT EXECUTE FUNCTION groups_wait()"
    )
    op.execute("INSERT INTO receipts_to_roll SELECT customer_id, id FROM receipts WHERE customer_id <> 0")


def downgrade() -> None:
    op.execute("DROP TRIGGER receipts_wait ON receipts")
    op.execute("DROP FUNCTION receipts_wait()")
    op.execute("DROP TRIGGER groups_wait ON products")
    op.execute("DROP FUNCTION groups_wait()")
    for table in ("customer_summaries", "customer_group_days", "customer_days", "groups_to_roll", "receipts_to_roll"):
        op.drop_table(table)
