"""Let erasure take names out of what events were about, with proof of what is left; keep keys of writes as hashes."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_1550"
down_revision = "2026_11_27_1306"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "emptied_kept",
        sa.Column("of_table", sa.Text(), nullable=False),
        sa.Column("row_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "octet_length(digest) = 32 AND octet_length(hash) = 32", name=op.f("ck_emptied_kept_hash_length")
        ),
        sa.PrimaryKeyConstraint("of_table", "row_id", "n", name=op.f("pk_emptied_kept")),
    )
    op.execute("DROP TRIGGER append_only ON kept_rows")
    _guard("kept_rows", "'said'")
    _guard("emptied_kept", "'hash', 'at'")
    op.execute("UPDATE idempotency_keys SET key = encode(sha256(convert_to(key, 'UTF8')), 'base64')")


def downgrade() -> None:
    """What was sent as keys is gone: a write that is repeated from before is done again."""
    op.drop_table("emptied_kept")
    op.execute("DROP TRIGGER append_only_whole ON kept_rows")
    op.execute("DROP TRIGGER append_only ON kept_rows")
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON kept_rows "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _guard(table: str, columns: str) -> None:
    op.execute(
        f"CREATE TRIGGER append_only BEFORE UPDATE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION refuse_all_but_words({columns})"
    )
    op.execute(
        f"CREATE TRIGGER append_only_whole BEFORE DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
