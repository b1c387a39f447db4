"""Keep second factors, and of each session where it began, when it was last seen and when its person was proven."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_2145"
down_revision = "2026_11_25_2152"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "second_factors",
        sa.Column("staff_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key_no", sa.SmallInteger(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("since", _MOMENT, nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.Column("new_key_no", sa.SmallInteger(), nullable=True),
        sa.Column("new_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("num_nonnulls(key_no, sealed, since) IN (0, 3)", name=op.f("ck_second_factors_whole")),
        sa.CheckConstraint("(new_key_no IS NULL) = (new_sealed IS NULL)", name=op.f("ck_second_factors_new_whole")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_second_factors_staff_id_staff")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_second_factors")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("staff_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_recovery_codes_staff_id_staff")),
        sa.PrimaryKeyConstraint("staff_id", "code_hash", name=op.f("pk_recovery_codes")),
    )
    op.create_table(
        "sign_in_steps",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("ends_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_sign_in_steps_staff_id_staff")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_in_steps")),
    )
    op.create_index(op.f("ix_sign_in_steps_staff_id"), "sign_in_steps", ["staff_id"])
    op.add_column("roles", sa.Column("second_factor", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.execute("UPDATE roles SET second_factor = false WHERE (SELECT is_demo FROM chain)")
    op.add_column("staff_sessions", sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False))
    op.create_unique_constraint(op.f("uq_staff_sessions_id"), "staff_sessions", ["id"])
    for name in ("seen_at", "proven_at"):
        op.add_column(
            "staff_sessions", sa.Column(name, _MOMENT, server_default=sa.func.clock_timestamp(), nullable=False)
        )
    op.execute("UPDATE staff_sessions SET seen_at = started_at, proven_at = started_at")
    for name in ("address", "agent"):
        op.add_column("staff_sessions", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    for name in ("agent", "address", "proven_at", "seen_at"):
        op.drop_column("staff_sessions", name)
    op.drop_constraint(op.f("uq_staff_sessions_id"), "staff_sessions", type_="unique")
    op.drop_column("staff_sessions", "id")
    op.drop_column("roles", "second_factor")
    op.drop_table("sign_in_steps")
    op.drop_table("recovery_codes")
    op.drop_table("second_factors")
