"""Let erasure take the words out of rows that are never changed, and keep what proves the rest of them."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_2237"
down_revision = "2026_11_25_2224"
branch_labels = None
depends_on = None

WORDS = {
    "points_movements": "reason",
    "stored_value_movements": "reason",
    "receipt_returns": "reason",
    "segment_versions": "condition",
}
OWNED = ("membership_events", "level_changes")


def upgrade() -> None:
    op.create_table(
        "emptied_movements",
        sa.Column("ledger", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "octet_length(digest) = 32 AND octet_length(hash) = 32", name=op.f("ck_emptied_movements_hash_length")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_emptied_movements_customer_id")),
        sa.PrimaryKeyConstraint("ledger", "customer_id", "account_id", "seq", name=op.f("pk_emptied_movements")),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON emptied_movements "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE FUNCTION refuse_all_but_words() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'UPDATE' AND current_setting('erp_club.erasing', true) = 'on' "
        "AND to_jsonb(NEW) - TG_ARGV[0] = to_jsonb(OLD) - TG_ARGV[0] THEN RETURN NEW; END IF; "
        "RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP; END $$"
    )
    op.execute(
        "CREATE FUNCTION refuse_change_but_of_owner_or_words() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - 'customer_id' = to_jsonb(OLD) - 'customer_id' "
        "OR current_setting('erp_club.erasing', true) = 'on' "
        "AND to_jsonb(NEW) - 'reason' = to_jsonb(OLD) - 'reason') THEN RETURN NEW; END IF; "
        "RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP; END $$"
    )
    for table, column in WORDS.items():
        op.execute(f"DROP TRIGGER append_only ON {table}")
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION refuse_all_but_words('{column}')"
        )
        op.execute(
            f"CREATE TRIGGER append_only_whole BEFORE DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table in OWNED:
        _guard(table, "refuse_change_but_of_owner_or_words()")
    _uses_back(onupdate="CASCADE")
    _guard("coupon_uses_back", "refuse_change_but_of_owner()")
    op.execute(
        "CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON coupon_uses_back "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    _uses_back(onupdate=None)
    for table in ("coupon_uses_back", *WORDS):
        op.execute(f"DROP TRIGGER append_only_whole ON {table}")
        op.execute(f"DROP TRIGGER append_only ON {table}")
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table in OWNED:
        _guard(table, "refuse_change_but_of_owner()")
    op.execute("DROP FUNCTION refuse_change_but_of_owner_or_words()")
    op.execute("DROP FUNCTION refuse_all_but_words()")
    op.drop_table("emptied_movements")


def _uses_back(*, onupdate: str | None) -> None:
    """A use that was given back goes along with its coupon to another owner."""
    name, key = op.f("fk_coupon_uses_back_customer_id_coupon_id_use_no"), ["customer_id", "coupon_id", "use_no"]
    op.drop_constraint(name, "coupon_uses_back", type_="foreignkey")
    op.create_foreign_key(name, "coupon_uses_back", "coupon_uses", key, key, onupdate=onupdate)


def _guard(table: str, function: str) -> None:
    op.execute(f"DROP TRIGGER append_only ON {table}")
    op.execute(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}"
    )
