"""Keep since when, and until when, somebody works in a further store."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_2225"
down_revision = "2026_11_25_2145"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f("pk_staff_stores"), "staff_stores", type_="primary")
    op.add_column("staff_stores", sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False))
    op.create_primary_key(op.f("pk_staff_stores"), "staff_stores", ["id"])
    moment = sa.DateTime(timezone=True)
    # Since when it was so isn't known of those that are there.
    op.add_column("staff_stores", sa.Column("valid_from", moment, server_default=sa.func.now(), nullable=False))
    op.alter_column("staff_stores", "valid_from", server_default=None)
    op.add_column("staff_stores", sa.Column("valid_to", moment, nullable=True))
    op.create_check_constraint(op.f("ck_staff_stores_ends_after_start"), "staff_stores", "valid_to >= valid_from")
    op.create_index(
        "uq_staff_stores_now", "staff_stores", ["staff_id", "store_id"], unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )  # fmt: skip
    op.create_index(op.f("ix_staff_stores_store_id"), "staff_stores", ["store_id"])


def downgrade() -> None:
    op.execute("DELETE FROM staff_stores WHERE valid_to IS NOT NULL")
    op.drop_index(op.f("ix_staff_stores_store_id"), table_name="staff_stores")
    op.drop_index("uq_staff_stores_now", table_name="staff_stores")
    op.drop_constraint(op.f("ck_staff_stores_ends_after_start"), "staff_stores", type_="check")
    op.drop_column("staff_stores", "valid_to")
    op.drop_column("staff_stores", "valid_from")
    op.drop_constraint(op.f("pk_staff_stores"), "staff_stores", type_="primary")
    op.drop_column("staff_stores", "id")
    op.create_primary_key(op.f("pk_staff_stores"), "staff_stores", ["staff_id", "store_id"])
