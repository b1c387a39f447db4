"""Let erasure take names out of the trace, of rules and of others' movements, and keep what proves the rest."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_1240"
down_revision = "2026_11_27_1230"
branch_labels = None
depends_on = None

ENTRIES = ("audit_entries", ("before", "after"))
WHOLE = {
    "emptied_movements": ("hash", "at"),
    "club_rules": ("document",),
    "programme_versions": ("document",),
}
"""Tables of which nothing changed so far, and what an erasure may change of them."""


def upgrade() -> None:
    op.create_table(
        "emptied_entries",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "octet_length(digest) = 32 AND octet_length(hash) = 32", name=op.f("ck_emptied_entries_hash_length")
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["audit_entries.id"], name=op.f("fk_emptied_entries_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_emptied_entries")),
    )
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_all_but_words() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'UPDATE' AND current_setting('erp_club.erasing', true) = 'on' "
        "AND to_jsonb(NEW) - TG_ARGV::text[] = to_jsonb(OLD) - TG_ARGV::text[] THEN RETURN NEW; END IF; "
        "RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP; END $$"
    )
    _guard("emptied_entries", ("hash", "at"), drop=False)
    for table, columns in (ENTRIES, *WHOLE.items()):
        _guard(table, columns, drop=True)
    _values(erasing="OR current_setting('erp_club.erasing', true) = 'on' AND NEW.emptied_at IS NULL")
    _offers(
        "IF TG_OP = 'UPDATE' AND current_setting('erp_club.erasing', true) = 'on' "
        "AND to_jsonb(NEW) - 'document' = to_jsonb(OLD) - 'document' THEN RETURN NEW; END IF; "
    )


def downgrade() -> None:
    _offers("")
    _values(erasing="")
    for table in (ENTRIES[0], *WHOLE):
        op.execute(f"DROP TRIGGER append_only_whole ON {table}")
        op.execute(f"DROP TRIGGER append_only ON {table}")
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.drop_table("emptied_entries")


def _guard(table: str, columns: tuple[str, ...], *, drop: bool) -> None:
    if drop:
        op.execute(f"DROP TRIGGER append_only ON {table}")
    op.execute(
        f"CREATE TRIGGER append_only BEFORE UPDATE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION refuse_all_but_words({', '.join(map(repr, columns))})"
    )
    op.execute(
        f"CREATE TRIGGER append_only_whole BEFORE DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _values(*, erasing: str) -> None:
    op.execute(
        f"""
        CREATE OR REPLACE FUNCTION refuse_all_but_emptying() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP = 'UPDATE' AND OLD.emptied_at IS NULL AND (NEW.emptied_at IS NOT NULL {erasing})
             AND (NEW.entry_id, NEW.customer_id) = (OLD.entry_id, OLD.customer_id) THEN
            RETURN NEW;
          END IF;
          RAISE EXCEPTION '% is append-only: its values can be emptied, once', TG_TABLE_NAME;
        END $$
        """  # noqa: S608 - ours
    )


def _offers(erasing: str) -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_published_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        + erasing
        + "IF OLD.published_at IS NOT NULL THEN "
        "RAISE EXCEPTION 'version % of offer % is published: % is refused', OLD.version_no, OLD.offer_id, TG_OP; "
        "END IF; "
        "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
    )
