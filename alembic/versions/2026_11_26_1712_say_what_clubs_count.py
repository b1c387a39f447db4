"""Keep with each club what its accounts count, as the programme in force says."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_26_1712"
down_revision = "2026_11_26_1749"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clubs", sa.Column("unit", postgresql.JSONB(), server_default="{}", nullable=False))
    op.execute(
        """
        UPDATE clubs SET unit = held.unit
        FROM (
            SELECT DISTINCT ON (club_id) club_id, document -> 'unit' AS unit FROM programme_versions
            WHERE effective_from <= CURRENT_DATE
            ORDER BY club_id, effective_from DESC, version_no DESC
        ) AS held
        WHERE held.club_id = clubs.id AND held.unit IS NOT NULL
        """
    )


def downgrade() -> None:
    op.drop_column("clubs", "unit")
