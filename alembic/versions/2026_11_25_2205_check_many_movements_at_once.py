"""Check what movements and their parts belong to once a statement: by row it was half the time of a job.

Movements are never changed or deleted, and accounts neither: so it is enough to look when a row comes in, without
locking what it belongs to.
"""

from alembic import op

revision = "2026_11_25_2205"
down_revision = "2026_11_25_2147"
branch_labels = None
depends_on = None

_BELONGS = {
    # table: (what it belongs to, whose columns, by which of its own)
    "points_movements": ("points_accounts", ("customer_id", "id"), ("customer_id", "account_id")),
    "points_movement_lots": (
        "points_movements",
        ("customer_id", "account_id", "seq"),
        ("customer_id", "account_id", "seq"),
    ),
}


def upgrade() -> None:
    for table, (owner, keys, columns) in _BELONGS.items():
        op.drop_constraint(_name(table, columns), table, type_="foreignkey")
        same = " AND ".join(f"o.{key} = a.{column}" for key, column in zip(keys, columns, strict=True))
        # A scalar subquery is always looked up by its key, whatever the plan of the first call was made for.
        op.execute(
            f"CREATE FUNCTION {table}_belong() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "  # noqa: S608
            f"IF EXISTS (SELECT FROM added a WHERE (SELECT o.{keys[-1]} FROM {owner} o WHERE {same}) IS NULL) THEN "
            f"RAISE EXCEPTION 'a row of {table} belongs to no row of {owner}' USING ERRCODE = 'foreign_key_violation'; "
            "END IF; RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER belong AFTER INSERT ON {table} REFERENCING NEW TABLE AS added "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_belong()"
        )
    op.execute(
        "CREATE TRIGGER keep_key BEFORE DELETE OR TRUNCATE OR UPDATE OF customer_id, id ON points_accounts "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_key ON points_accounts")
    for table, (owner, keys, columns) in _BELONGS.items():
        op.execute(f"DROP TRIGGER belong ON {table}")
        op.execute(f"DROP FUNCTION {table}_belong()")
        op.create_foreign_key(_name(table, columns), table, owner, list(columns), list(keys))


def _name(table: str, columns: tuple[str, ...]) -> str:
    return op.f(f"fk_{table}_{'_'.join(columns)}")
