"""Seal the trace in a chain, with what it tells of people beside it, where erasure can empty it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_1520"
down_revision = "2026_11_25_1540"
branch_labels = None
depends_on = None

_HASH = "sha256(convert_to(CAST(jsonb_build_array(v.salt, v.before, v.after) AS text), 'UTF8'))"
_VALUES = "COALESCE(before::text, '') || ' ' || COALESCE(after::text, '')"
_FUNCTIONS = (
    ("before jsonb, after jsonb", _VALUES),
    (
        "actor text, entity_id text, request_id text, before jsonb, after jsonb",
        f"actor || ' ' || entity_id || ' ' || COALESCE(request_id, '') || ' ' || {_VALUES}",
    ),
)


def upgrade() -> None:
    for column in (
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("values_hash", sa.LargeBinary(), nullable=True),
    ):
        op.add_column("audit_entries", column)
    op.create_foreign_key(op.f("fk_audit_entries_customer_id"), "audit_entries", "customers", ["customer_id"], ["id"])
    op.create_check_constraint(op.f("ck_audit_entries_hash_length"), "audit_entries", "octet_length(values_hash) = 32")
    _create_values()
    _create_seals()
    _move_values()
    op.create_index("ix_audit_entries_action", "audit_entries", ["action", "id"])
    op.create_index(
        "ix_audit_entries_customer_id",
        "audit_entries",
        ["customer_id", "id"],
        postgresql_where=sa.text("customer_id IS NOT NULL"),
    )
    for arguments, words in _FUNCTIONS:
        op.execute(
            f"CREATE FUNCTION audit_words({arguments}) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE "
            f"RETURN to_tsvector('pg_catalog.simple', {words})"
        )
    for table, words in (
        ("audit_entries", "audit_words(actor, entity_id, request_id, before, after)"),
        ("audit_values", "audit_words(before, after)"),
    ):
        op.create_index(f"ix_{table}_words", table, [sa.text(words)], postgresql_using="gin")


def _create_values() -> None:
    op.create_table(
        "audit_values",
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=True),
        sa.Column("before", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("emptied_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(salt IS NULL) = (emptied_at IS NOT NULL)", name=op.f("ck_audit_values_salt_until_emptied")
        ),
        sa.CheckConstraint(
            "emptied_at IS NULL OR num_nonnulls(before, after) = 0", name=op.f("ck_audit_values_emptied_whole")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_audit_values_customer_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["audit_entries.id"], name=op.f("fk_audit_values_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_values")),
    )
    op.create_index("ix_audit_values_customer_id", "audit_values", ["customer_id"])
    op.execute(
        """
        CREATE FUNCTION refuse_all_but_emptying() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP = 'UPDATE' AND OLD.emptied_at IS NULL AND NEW.emptied_at IS NOT NULL
             AND (NEW.entry_id, NEW.customer_id) = (OLD.entry_id, OLD.customer_id) THEN
            RETURN NEW;
          END IF;
          RAISE EXCEPTION '% is append-only: its values can be emptied, once', TG_TABLE_NAME;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_values "
        "FOR EACH ROW EXECUTE FUNCTION refuse_all_but_emptying()"
    )
    op.execute(
        "CREATE TRIGGER never_truncated BEFORE TRUNCATE ON audit_values "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _create_seals() -> None:
    op.create_table(
        "audit_seals",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("ck_audit_seals_hash_length")),
        sa.ForeignKeyConstraint(["entry_id"], ["audit_entries.id"], name=op.f("fk_audit_seals_entry_id")),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_audit_seals")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_audit_seals_entry_id")),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _move_values() -> None:
    """What was told of customers so far goes beside its entries, each with a salt of 122 random bits."""
    op.execute("ALTER TABLE audit_entries DISABLE TRIGGER append_only")
    op.execute(
        "UPDATE audit_entries e SET customer_id = c.id FROM customers c "
        "WHERE e.entity = 'customer' AND e.entity_id = c.id::text"
    )
    op.execute(
        "INSERT INTO audit_values (entry_id, customer_id, salt, before, after) "
        "SELECT id, customer_id, replace(gen_random_uuid()::text, '-', ''), before, after FROM audit_entries "
        "WHERE customer_id IS NOT NULL AND num_nonnulls(before, after) > 0"
    )
    op.execute(
        f"UPDATE audit_entries e SET values_hash = {_HASH}, before = NULL, after = NULL "  # noqa: S608
        "FROM audit_values v WHERE v.entry_id = e.id"
    )
    op.execute("ALTER TABLE audit_entries ENABLE TRIGGER append_only")


def downgrade() -> None:
    op.execute("ALTER TABLE audit_entries DISABLE TRIGGER append_only")
    op.execute(
        "UPDATE audit_entries e SET before = v.before, after = v.after FROM audit_values v WHERE v.entry_id = e.id"
    )
    op.execute("ALTER TABLE audit_entries ENABLE TRIGGER append_only")
    op.drop_table("audit_seals")
    op.drop_table("audit_values")
    op.execute("DROP FUNCTION refuse_all_but_emptying()")
    op.drop_index("ix_audit_entries_words", "audit_entries")
    for arguments, _ in _FUNCTIONS:
        op.execute(f"DROP FUNCTION audit_words({arguments})")
    for column in ("request_id", "customer_id", "values_hash"):
        op.drop_column("audit_entries", column)
    op.drop_index("ix_audit_entries_action", "audit_entries")
