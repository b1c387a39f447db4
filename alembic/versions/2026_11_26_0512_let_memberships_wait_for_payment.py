"""Let a membership wait for the payment of its fee before it begins."""

from alembic import op

revision = "2026_11_26_0512"
down_revision = "2026_11_26_0501"
branch_labels = None
depends_on = None

_KNOWN = "ck_memberships_state_known"


def upgrade() -> None:
    op.drop_constraint(op.f(_KNOWN), "memberships", type_="check")
    op.create_check_constraint(op.f(_KNOWN), "memberships", "state IN ('open', 'paused', 'ended', 'waiting')")


def downgrade() -> None:
    op.execute("UPDATE memberships SET state = 'ended' WHERE state = 'waiting'")
    op.drop_constraint(op.f(_KNOWN), "memberships", type_="check")
    op.create_check_constraint(op.f(_KNOWN), "memberships", "state IN ('open', 'paused', 'ended')")
