"""Let a member's own identifiers differ by more than the case of their letters, and find them in any.

Those that stood beside each other before stay as they are: whose fob is whose, no migration can tell. Of each such
group the unique index holds one, so that nobody else gets it, and leaves the others' rows out.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_0716"
down_revision = "2026_11_27_0600"
branch_labels = None
depends_on = None

TWINS = """
SELECT id FROM (
    SELECT id, row_number() OVER (PARTITION BY lower(own_id) ORDER BY state <> 'active', id) AS place
      FROM customers WHERE own_id IS NOT NULL
) AS placed WHERE place > 1 ORDER BY id
"""


def upgrade() -> None:
    op.drop_constraint("uq_customers_own_id", "customers")
    op.drop_index("ix_customers_own_id", "customers")
    twins = op.get_bind().execute(sa.text(TWINS)).scalars().all()
    outside = sa.text(f"id NOT IN ({', '.join(map(str, twins))})") if twins else None
    op.create_index(
        "uq_customers_own_id", "customers", [sa.text("lower(own_id)")], unique=True, postgresql_where=outside
    )
    op.create_index(
        "ix_customers_own_id",
        "customers",
        [sa.text("lower(own_id) text_pattern_ops")],
        postgresql_where=sa.text("own_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("uq_customers_own_id", "customers")
    op.drop_index("ix_customers_own_id", "customers")
    op.create_unique_constraint("uq_customers_own_id", "customers", ["own_id"])
    op.create_index(
        "ix_customers_own_id",
        "customers",
        ["own_id"],
        postgresql_ops={"own_id": "text_pattern_ops"},
        postgresql_where=sa.text("own_id IS NOT NULL"),
    )
