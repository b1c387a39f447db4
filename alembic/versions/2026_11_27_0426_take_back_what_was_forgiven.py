"""Let a return take what a former one had forgiven from the used points that come back, as one of all would have."""

from alembic import op

revision = "2026_11_27_0426"
down_revision = "2026_11_27_0418"
branch_labels = None
depends_on = None

_TABLE, _NAME = "receipt_return_points", "ck_receipt_return_points_none_below_zero"


def upgrade() -> None:
    _check("settled, given_back, paid")


def downgrade() -> None:
    _check("settled, given_back, paid, written_off")


def _check(columns: str) -> None:
    op.drop_constraint(op.f(_NAME), _TABLE, type_="check")
    op.create_check_constraint(op.f(_NAME), _TABLE, f"least({columns}) >= 0")
