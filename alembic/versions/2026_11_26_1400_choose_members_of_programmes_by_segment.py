"""Let a programme of points choose the members that are in a segment."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_1400"
down_revision = "2026_11_26_1130"
branch_labels = None
depends_on = None

_TABLE = "points_programmes"


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column("segment_id", sa.Integer(), nullable=True))
    op.create_foreign_key(op.f(f"fk_{_TABLE}_segment_id"), _TABLE, "segments", ["segment_id"], ["id"])


def downgrade() -> None:
    op.drop_column(_TABLE, "segment_id")
