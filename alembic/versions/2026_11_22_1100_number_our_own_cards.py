"""Number our own cards from a sequence, so that two tills never wait for each other to issue one."""

from alembic import op

revision = "2026_11_22_1100"
down_revision = "2026_11_22_1000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE card_numbers")
