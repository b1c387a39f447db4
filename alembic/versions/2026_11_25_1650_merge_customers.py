"""Let one customer become another one, and undo it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "2026_11_25_1650"
down_revision = "2026_11_25_1645"
branch_labels = None
depends_on = None

MOVING = {
    "membership_periods": ("membership_id", "memberships"),
    "membership_events": ("membership_id", "memberships"),
    "membership_levels": ("membership_id", "memberships"),
    "level_changes": ("membership_id", "memberships"),
    "level_overrides": ("membership_id", "memberships"),
    "coupon_codes": ("coupon_id", "coupons"),
    "coupon_uses": ("coupon_id", "coupons"),
    "coupon_reservations": ("coupon_id", "coupons"),
}
"""What goes along when a membership or a coupon gets another owner."""
APPEND_ONLY = ("membership_events", "level_changes", "coupon_uses")


def upgrade() -> None:
    op.add_column("customers", sa.Column("merged_into", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_customers_merged_into"), "customers", "customers", ["merged_into"], ["id"])
    op.create_check_constraint(
        op.f("ck_customers_merged_into_somebody"), "customers", "state <> 'merged' OR merged_into IS NOT NULL"
    )
    op.create_check_constraint(
        op.f("ck_customers_active_for_themselves"), "customers", "state <> 'active' OR merged_into IS NULL"
    )
    op.create_index(
        "ix_customers_merged_into", "customers", ["merged_into"], postgresql_where=sa.text("merged_into IS NOT NULL")
    )
    op.create_table(
        "customer_merges",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("survivor_id", sa.BigInteger(), nullable=False),
        sa.Column("merged_id", sa.BigInteger(), nullable=False),
        sa.Column("moved", JSONB(), nullable=False),
        sa.Column("fields", JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("terminal_id", sa.Integer(), nullable=True),
        sa.Column("store_id", sa.Integer(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.CheckConstraint("survivor_id <> merged_id", name=op.f("ck_customer_merges_two_customers")),
        sa.CheckConstraint("num_nulls(undone_at, undone_by) <> 1", name=op.f("ck_customer_merges_undone_by_somebody")),
        sa.ForeignKeyConstraint(["survivor_id"], ["customers.id"], name=op.f("fk_customer_merges_survivor_id")),
        sa.ForeignKeyConstraint(["merged_id"], ["customers.id"], name=op.f("fk_customer_merges_merged_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_customer_merges_staff_id")),
        sa.ForeignKeyConstraint(["terminal_id"], ["terminals.id"], name=op.f("fk_customer_merges_terminal_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_customer_merges_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_merges")),
    )
    op.create_index("ix_customer_merges_survivor_id", "customer_merges", ["survivor_id", "id"])
    op.create_index(
        "uq_customer_merges_standing",
        "customer_merges",
        ["merged_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    _part_owners()
    for table, (column, owner) in MOVING.items():
        name = op.f(f"fk_{table}_customer_id_{column}")
        op.drop_constraint(name, table, type_="foreignkey")
        op.create_foreign_key(name, table, owner, ["customer_id", column], ["customer_id", "id"], onupdate="CASCADE")
    op.execute(
        "CREATE FUNCTION refuse_change_but_of_owner() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'customer_id' = to_jsonb(OLD) - 'customer_id' THEN "
        "RETURN NEW; END IF; "
        "RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER append_only ON {table}")
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change_but_of_owner()"
        )
        op.execute(
            f"CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _part_owners() -> None:
    """A membership's changes of level, and coupons of a period, move on; the receipt and the period stay."""
    op.add_column("level_changes", sa.Column("receipt_customer_id", sa.BigInteger(), nullable=True))
    op.execute("ALTER TABLE level_changes DISABLE TRIGGER append_only")
    op.execute("UPDATE level_changes SET receipt_customer_id = customer_id WHERE receipt_id IS NOT NULL")
    op.execute("ALTER TABLE level_changes ENABLE TRIGGER append_only")
    op.drop_constraint(op.f("fk_level_changes_customer_id_receipt_id"), "level_changes", type_="foreignkey")
    op.create_foreign_key(
        op.f("fk_level_changes_receipt_customer_id_receipt_id"),
        "level_changes",
        "receipts",
        ["receipt_customer_id", "receipt_id"],
        ["customer_id", "id"],
    )
    op.create_check_constraint(
        op.f("ck_level_changes_receipt_of_somebody"),
        "level_changes",
        "(receipt_id IS NULL) = (receipt_customer_id IS NULL)",
    )
    op.add_column("reward_coupons", sa.Column("owner_id", sa.BigInteger(), nullable=True))
    op.execute("UPDATE reward_coupons SET owner_id = customer_id")
    op.alter_column("reward_coupons", "owner_id", nullable=False)
    op.drop_constraint(op.f("fk_reward_coupons_customer_id_coupon_id"), "reward_coupons", type_="foreignkey")
    op.create_foreign_key(
        op.f("fk_reward_coupons_owner_id_coupon_id"),
        "reward_coupons",
        "coupons",
        ["owner_id", "coupon_id"],
        ["customer_id", "id"],
        onupdate="CASCADE",
    )
