"""Let two keys of a till work while they are exchanged, codes make tills, and people work in several stores."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_1629"
down_revision = "2026_11_25_1637"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("terminals", sa.Column("old_key_hash", sa.LargeBinary(), nullable=True))
    op.add_column("terminals", sa.Column("old_key_until", sa.DateTime(timezone=True), nullable=True))
    op.create_unique_constraint(op.f("uq_terminals_old_key_hash"), "terminals", ["old_key_hash"])
    op.create_check_constraint(
        op.f("ck_terminals_old_key_ends"), "terminals", "(old_key_hash IS NULL) = (old_key_until IS NULL)"
    )
    op.create_table(
        "terminal_codes",
        sa.Column("terminal_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name=op.f("fk_terminal_codes_terminal_id")),
        sa.PrimaryKeyConstraint("terminal_id", name=op.f("pk_terminal_codes")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_terminal_codes_code_hash")),
    )
    op.create_table(
        "staff_stores",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("store_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_stores_staff_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_staff_stores_store_id")),
        sa.PrimaryKeyConstraint("staff_id", "store_id", name=op.f("pk_staff_stores")),
    )


def downgrade() -> None:
    op.drop_table("staff_stores")
    op.drop_table("terminal_codes")
    op.drop_constraint(op.f("ck_terminals_old_key_ends"), "terminals")
    op.drop_constraint(op.f("uq_terminals_old_key_hash"), "terminals")
    op.drop_column("terminals", "old_key_until")
    op.drop_column("terminals", "old_key_hash")
