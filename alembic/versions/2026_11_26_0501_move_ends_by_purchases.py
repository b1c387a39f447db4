"""Keep by which purchase or return the end of a sliding membership was moved."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_0501"
down_revision = "2026_11_26_0426"
branch_labels = None
depends_on = None

_KNOWN = "ck_membership_events_kind_known"
_KINDS = ("pause", "resumption", "termination", "restoration", "correction")


def upgrade() -> None:
    _kinds((*_KINDS, "moved"))
    for name in ("receipt_customer_id", "receipt_id"):
        op.add_column("membership_events", sa.Column(name, sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_membership_events_receipt_customer_id_receipt_id"),
        "membership_events",
        "receipts",
        ["receipt_customer_id", "receipt_id"],
        ["customer_id", "id"],
    )
    op.create_check_constraint(
        op.f("ck_membership_events_receipt_of_somebody"),
        "membership_events",
        "(receipt_id IS NULL) = (receipt_customer_id IS NULL)",
    )


def downgrade() -> None:
    op.drop_column("membership_events", "receipt_id")
    op.drop_column("membership_events", "receipt_customer_id")
    _kinds(_KINDS)


def _kinds(kinds: tuple[str, ...]) -> None:
    op.drop_constraint(op.f(_KNOWN), "membership_events", type_="check")
    told = ", ".join(f"'{each}'" for each in kinds)
    op.create_check_constraint(op.f(_KNOWN), "membership_events", f"kind IN ({told})")
