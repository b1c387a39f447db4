"""Count a new word as that of one customer, so that few have to be counted anew after an import."""

from alembic import op

revision = "2026_11_25_0915"
down_revision = "2026_11_25_0745"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("name_words", "bearers", server_default="1")


def downgrade() -> None:
    op.alter_column("name_words", "bearers", server_default="0")
