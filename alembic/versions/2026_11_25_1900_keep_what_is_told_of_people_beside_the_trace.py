"""Let no entry of the trace hold itself what it tells of a person: nothing could ever take it out."""

from alembic import op

revision = "2026_11_25_1900"
down_revision = "2026_11_25_1650"
branch_labels = None
depends_on = None

_NAME = "ck_audit_entries_personal_beside"


def upgrade() -> None:
    op.create_check_constraint(
        op.f(_NAME), "audit_entries", "entity <> 'customer' OR entity_id = '*' OR num_nonnulls(before, after) = 0"
    )


def downgrade() -> None:
    op.drop_constraint(op.f(_NAME), "audit_entries", type_="check")
