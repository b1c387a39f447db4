"""Keep what a chain calls a means of payment that is handled as a bank card, so that rules know it by its name."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_1041"
down_revision = "2026_11_26_0859"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("receipt_payments", sa.Column("called", sa.Text(), nullable=True))
    name = op.f("ck_receipt_payments_called_as_card")
    op.create_check_constraint(name, "receipt_payments", "called IS NULL OR means = 'card'")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_receipt_payments_called_as_card"), "receipt_payments", type_="check")
    op.drop_column("receipt_payments", "called")
