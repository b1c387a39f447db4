"""Tell own identifiers apart that differed by the case of their letters only, so that the database excludes such twins.

Of each group one keeps its identifier: a living customer's before others, the older before the younger. The others get
a number behind it (`ab-7~2`), by which a search for its beginning finds them too, and the trace says what it was.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_1306"
down_revision = "2026_11_27_1240"
branch_labels = None
depends_on = None

TWINS = """
SELECT id, own_id FROM (
    SELECT id, own_id, row_number() OVER (PARTITION BY lower(own_id) ORDER BY state <> 'active', id) AS place
      FROM customers WHERE own_id IS NOT NULL
) AS placed WHERE place > 1 ORDER BY id
"""
TAKEN = "SELECT EXISTS (SELECT FROM customers WHERE lower(own_id) = lower(:wanted))"
RENAME = "UPDATE customers SET own_id = :wanted, changed_at = now() WHERE id = :id"
TRACE = """
WITH told AS (
    SELECT CAST(:id AS bigint) AS id, replace(gen_random_uuid()::text, '-', '') AS salt,
           jsonb_build_object('own_id', CAST(:own_id AS text)) AS was,
           jsonb_build_object('own_id', CAST(:wanted AS text)) AS is_now
), entry AS (
    INSERT INTO audit_entries (at, actor, action, entity, entity_id, customer_id, values_hash)
    SELECT now(), 'system', 'customer.edit', 'customer', id::text, id,
           sha256(convert_to(CAST(jsonb_build_array(salt, was, is_now) AS text), 'UTF8'))
      FROM told RETURNING id
)
INSERT INTO audit_values (entry_id, customer_id, salt, before, after)
SELECT entry.id, told.id, salt, was, is_now FROM told, entry
"""


def upgrade() -> None:
    connection = op.get_bind()
    op.drop_index("uq_customers_own_id", "customers")
    for twin in connection.execute(sa.text(TWINS)).mappings().all():
        number = 2
        while connection.scalar(sa.text(TAKEN), {"wanted": f"{twin['own_id']}~{number}"}):
            number += 1
        told = {**twin, "wanted": f"{twin['own_id']}~{number}"}
        connection.execute(sa.text(RENAME), told)
        connection.execute(sa.text(TRACE), told)
    op.create_index("uq_customers_own_id", "customers", [sa.text("lower(own_id)")], unique=True)


def downgrade() -> None:
    """Nothing to undo: the index was as strict before, but for the twins."""
