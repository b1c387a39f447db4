"""Let the refund of a return pay for points that a former one of the receipt had left as a debt."""

from alembic import op

revision = "2026_11_26_1055"
down_revision = "2026_11_26_1050"
branch_labels = None
depends_on = None

_TABLE, _NAME = "receipt_return_points", "ck_receipt_return_points_none_below_zero"


def upgrade() -> None:
    _check("settled, given_back, paid, written_off")


def downgrade() -> None:
    _check("settled, given_back, owed, paid, written_off")


def _check(columns: str) -> None:
    op.drop_constraint(op.f(_NAME), _TABLE, type_="check")
    op.create_check_constraint(op.f(_NAME), _TABLE, f"least({columns}) >= 0")
