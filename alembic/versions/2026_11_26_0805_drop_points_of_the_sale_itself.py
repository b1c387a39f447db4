"""Drop a parameter that nothing could carry out: whether the points of a sale pay for that same sale.

What they are worth hangs on what is paid without them. What rules say otherwise stays, which is what the triggers are
there for.
"""

from alembic import op

revision = "2026_11_26_0805"
down_revision = "2026_11_26_0755"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("programme_versions", "club_rules"):
        op.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
    op.execute("UPDATE programme_versions SET document = document #- '{redemption,own_sale}'")
    op.execute("UPDATE club_rules SET document = document #- '{programme,redemption,own_sale}'")
    op.execute("UPDATE what_if_runs SET document = document #- '{redemption,own_sale}'")
    for table in ("programme_versions", "club_rules"):
        op.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")


def downgrade() -> None:
    pass  # what is left out has its usual value
