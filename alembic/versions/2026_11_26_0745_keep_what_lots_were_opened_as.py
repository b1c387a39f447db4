"""Keep what each lot was opened as, beside the lot that changes: who moves its last day is found by it."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_0745"
down_revision = "2026_11_26_0751"
branch_labels = None
depends_on = None

_TERMS = {
    "points_lot_terms": (
        "points_lots",
        ("customer_id", "account_id"),
        ("available_on", "last_day", "rule_version", "earned_month", "waits_for"),
    ),
    "stored_value_lot_terms": ("stored_value_lots", ("customer_id", "card_id"), ("last_day",)),
}
_DAY = ("available_on", "last_day", "earned_month")


def upgrade() -> None:
    for table, (lots, owner, terms) in _TERMS.items():
        op.create_table(
            table,
            *(sa.Column(name, sa.BigInteger(), nullable=False) for name in (*owner, "lot_id")),
            *(sa.Column(name, sa.Date(), nullable=True) for name in terms if name in _DAY),
            *(sa.Column(name, sa.Integer(), nullable=False) for name in terms if name == "rule_version"),
            *(sa.Column(name, sa.Text(), nullable=True) for name in terms if name == "waits_for"),
            sa.PrimaryKeyConstraint(*owner, "lot_id", name=op.f(f"pk_{table}")),
        )
        into = f"INSERT INTO {table} ({', '.join((*owner, 'lot_id', *terms))}) "
        told = f"SELECT {', '.join((*owner, 'id', *terms))} FROM"
        op.execute(f"{into}{told} {lots}")
        op.execute(
            f"CREATE FUNCTION {table}_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"{into}{told} opened; RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER keep_terms AFTER INSERT ON {lots} REFERENCING NEW TABLE AS opened "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_kept()"
        )
        op.execute(
            f"CREATE TRIGGER terms_stay BEFORE DELETE OR TRUNCATE OR UPDATE OF {', '.join((*owner, 'id', *terms))} "
            f"ON {lots} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    for table, (lots, _, _) in _TERMS.items():
        op.execute(f"DROP TRIGGER terms_stay ON {lots}")
        op.execute(f"DROP TRIGGER keep_terms ON {lots}")
        op.execute(f"DROP FUNCTION {table}_kept()")
        op.drop_table(table)
