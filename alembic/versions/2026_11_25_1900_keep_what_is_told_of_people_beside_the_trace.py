"""Let no entry of the trace hold itself what it tells of a person: nothing could ever take it out."""

from alembic import op

revision = "2026_11_25_1900"
down_revision = "2026_11_25_1650"
branch_labels = None
depends_on = None

_NAME = "ck_audit_entries_personal_beside"
# What was written before stands beside as well, under a salt of its own; the links over such entries are made anew.
_MOVE = """
WITH told AS (
  SELECT id, entity_id::bigint AS customer_id, replace(gen_random_uuid()::text, '-', '') AS salt, before, after
  FROM audit_entries
  WHERE entity = 'customer' AND entity_id <> '*' AND num_nonnulls(before, after) > 0
), beside AS (
  INSERT INTO audit_values (entry_id, customer_id, salt, before, after)
  SELECT id, customer_id, salt, before, after FROM told
)
UPDATE audit_entries SET
  before = NULL, after = NULL, customer_id = told.customer_id,
  values_hash = sha256(convert_to(jsonb_build_array(told.salt, told.before, told.after)::text, 'UTF8'))
FROM told WHERE told.id = audit_entries.id
"""


def upgrade() -> None:
    for table in ("audit_entries", "audit_seals"):
        op.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    op.execute("DELETE FROM audit_seals WHERE EXISTS (SELECT FROM audit_entries WHERE entity = 'customer' "
               "AND entity_id <> '*' AND num_nonnulls(before, after) > 0)")  # fmt: skip
    op.execute(_MOVE)
    for table in ("audit_entries", "audit_seals"):
        op.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    op.create_check_constraint(
        op.f(_NAME), "audit_entries", "entity <> 'customer' OR entity_id = '*' OR num_nonnulls(before, after) = 0"
    )


def downgrade() -> None:
    op.drop_constraint(op.f(_NAME), "audit_entries", type_="check")
