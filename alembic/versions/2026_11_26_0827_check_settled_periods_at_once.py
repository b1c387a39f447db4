"""Check what settled periods belong to once a statement: by row it was a quarter of the time of a job.

Accounts are never deleted and keep their keys, and clubs with members can't be deleted: so it is enough to look when
rows come in or are moved, without locking what they belong to.
"""

from alembic import op

revision = "2026_11_26_0827"
down_revision = "2026_11_26_0805"
branch_labels = None
depends_on = None

_TABLE = "period_settlements"
_KEYS = (
    (("customer_id", "account_id"), "points_accounts", ("customer_id", "id")),
    (("club_id",), "clubs", ("id",)),
)


def upgrade() -> None:
    for columns, _owner, _keys in _KEYS:
        op.drop_constraint(_name(columns), _TABLE, type_="foreignkey")
    # A scalar subquery is always looked up by its key, whatever the plan of the first call was made for.
    op.execute(
        f"CREATE FUNCTION {_TABLE}_belong() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "  # noqa: S608 - names of ours
        "IF EXISTS (SELECT FROM added a WHERE (SELECT o.id FROM points_accounts o "
        "                                       WHERE o.customer_id = a.customer_id AND o.id = a.account_id) IS NULL) "
        "OR EXISTS (SELECT FROM (SELECT DISTINCT club_id FROM added) a "
        "            WHERE (SELECT c.id FROM clubs c WHERE c.id = a.club_id) IS NULL) THEN "
        f"RAISE EXCEPTION 'a row of {_TABLE} belongs to no account or club' USING ERRCODE = 'foreign_key_violation'; "
        "END IF; RETURN NULL; END $$"
    )
    for when in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER belong_{when.lower()} AFTER {when} ON {_TABLE} REFERENCING NEW TABLE AS added "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {_TABLE}_belong()"
        )


def downgrade() -> None:
    for when in ("insert", "update"):
        op.execute(f"DROP TRIGGER belong_{when} ON {_TABLE}")
    op.execute(f"DROP FUNCTION {_TABLE}_belong()")
    for columns, owner, keys in _KEYS:
        op.create_foreign_key(_name(columns), _TABLE, owner, list(columns), list(keys))


def _name(columns: tuple[str, ...]) -> str:
    return op.f(f"fk_{_TABLE}_{'_'.join(columns)}")
