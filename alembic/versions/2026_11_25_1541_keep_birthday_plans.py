"""Keep plans around birthdays and what they gave, and let a coupon begin on a day of its own."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_1541"
down_revision = "2026_11_25_1629"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "birthday_plans",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("names", postgresql.JSONB(), nullable=False),
        sa.Column("club_id", sa.Integer(), nullable=True),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("part", sa.Integer(), nullable=True),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("relatives", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("days_before", sa.Integer(), nullable=False),
        sa.Column("days_after", sa.Integer(), nullable=False),
        sa.Column("whole_months", sa.Boolean(), nullable=False),
        sa.Column("months_before", sa.Integer(), nullable=False),
        sa.Column("months_after", sa.Integer(), nullable=False),
        sa.Column("hebrew", sa.Boolean(), nullable=False),
        sa.Column("gift", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("offer_code", sa.Text(), nullable=True),
        sa.Column("card_product_id", sa.Integer(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("points", sa.BigInteger(), nullable=True),
        sa.Column("growth", sa.BigInteger(), nullable=True),
        sa.Column("growth_from_age", sa.Integer(), nullable=False),
        sa.Column("growth_to", sa.BigInteger(), nullable=True),
        sa.Column("least_points", sa.BigInteger(), nullable=False),
        sa.Column("least_months", sa.Integer(), nullable=False),
        sa.Column("known_at_joining", sa.Boolean(), nullable=False),
        sa.Column("known_days_before", sa.Integer(), nullable=False),
        sa.Column("most_per_year", sa.Integer(), nullable=True),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("done_until", sa.Date(), nullable=True),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(gift IN ('offer', 'coupon')) = (batch_id IS NOT NULL) AND (gift = 'offer') = (offer_code IS NOT NULL)"
            " AND (gift = 'gift_card') = (card_product_id IS NOT NULL) AND (gift = 'points') = (points IS NOT NULL)"
            " AND (gift <> 'gift_card' OR amount_minor IS NOT NULL)",
            name=op.f("ck_birthday_plans_gift_whole"),
        ),
        sa.CheckConstraint("gift <> 'points' OR club_id IS NOT NULL", name=op.f("ck_birthday_plans_points_of_club")),
        sa.CheckConstraint(
            "gift IN ('offer', 'coupon', 'gift_card', 'points')", name=op.f("ck_birthday_plans_gift_known")
        ),
        sa.CheckConstraint(
            "occasion IN ('birthday', 'anniversary', 'relative_birthday')",
            name=op.f("ck_birthday_plans_occasion_known"),
        ),
        sa.CheckConstraint("state IN ('active', 'paused', 'closed')", name=op.f("ck_birthday_plans_state_known")),
        sa.CheckConstraint("(rule IS NULL) = (part IS NULL)", name=op.f("ck_birthday_plans_rule_with_part")),
        sa.CheckConstraint(
            "CASE WHEN whole_months THEN days_before + days_after ELSE months_before + months_after END = 0",
            name=op.f("ck_birthday_plans_days_or_months"),
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND points > 0 AND growth > 0", name=op.f("ck_birthday_plans_gives_something")
        ),
        sa.CheckConstraint(
            "club_id IS NOT NULL OR customer_id IS NOT NULL", name=op.f("ck_birthday_plans_for_somebody")
        ),
        sa.CheckConstraint(
            "days_before >= 0 AND days_after >= 0 AND days_before + days_after <= 340",
            name=op.f("ck_birthday_plans_days_few"),
        ),
        sa.CheckConstraint(
            "months_before BETWEEN 0 AND 5 AND months_after BETWEEN 0 AND 5", name=op.f("ck_birthday_plans_months_few")
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["coupon_batches.id"], name=op.f("fk_birthday_plans_batch_id")),
        sa.ForeignKeyConstraint(
            ["card_product_id"], ["stored_value_products.id"], name=op.f("fk_birthday_plans_card_product_id")
        ),
        sa.ForeignKeyConstraint(["club_id"], ["clubs.id"], name=op.f("fk_birthday_plans_club_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_birthday_plans_customer_id")),
        sa.ForeignKeyConstraint(
            ["offer_code"], ["offers.code"], name=op.f("fk_birthday_plans_offer_code"), onupdate="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_birthday_plans")),
        sa.UniqueConstraint("club_id", "rule", "part", name=op.f("uq_birthday_plans_club_id_rule_part")),
        sa.UniqueConstraint("code", name=op.f("uq_birthday_plans_code")),
    )
    op.create_index(
        "ix_birthday_plans_customer_id",
        "birthday_plans",
        ["customer_id"],
        postgresql_where=sa.text("customer_id IS NOT NULL"),
    )
    op.create_table(
        "birthday_grants",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("age", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("points", sa.BigInteger(), nullable=True),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("coupon_id", sa.BigInteger(), nullable=True),
        sa.Column("card_id", sa.BigInteger(), nullable=True),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_birthday_grants_days_in_order")),
        sa.CheckConstraint(
            "num_nonnulls(coupon_id, card_id) = num_nonnulls(owner_id)", name=op.f("ck_birthday_grants_one_gift")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_birthday_grants_customer_id")),
        sa.ForeignKeyConstraint(
            ["owner_id", "card_id"],
            ["stored_value_cards.customer_id", "stored_value_cards.id"],
            name=op.f("fk_birthday_grants_owner_id_card_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id", "coupon_id"],
            ["coupons.customer_id", "coupons.id"],
            name=op.f("fk_birthday_grants_owner_id_coupon_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["birthday_plans.id"], name=op.f("fk_birthday_grants_plan_id")),
        sa.PrimaryKeyConstraint("customer_id", "plan_id", "person", "year", name=op.f("pk_birthday_grants")),
    )
    op.create_index(
        "ix_birthday_grants_card_id",
        "birthday_grants",
        ["owner_id", "card_id"],
        postgresql_where=sa.text("card_id IS NOT NULL"),
    )
    op.create_index(
        "ix_birthday_grants_coupon_id",
        "birthday_grants",
        ["owner_id", "coupon_id"],
        postgresql_where=sa.text("coupon_id IS NOT NULL"),
    )
    op.create_index("ix_birthday_grants_plan_id", "birthday_grants", ["plan_id", "on_date", "customer_id"])
    op.add_column("coupons", sa.Column("first_day", sa.Date(), nullable=True))
    op.execute(
        "ALTER TABLE birthday_grants ADD CONSTRAINT ex_birthday_grants_apart EXCLUDE USING gist ("
        "int8range(customer_id, customer_id, '[]') WITH &&, int8range(plan_id, plan_id, '[]') WITH &&, "
        "int8range(person, person, '[]') WITH &&, daterange(day, day + 180) WITH &&)"
    )


def downgrade() -> None:
    op.drop_table("birthday_grants")
    op.drop_table("birthday_plans")
    op.drop_column("coupons", "first_day")
