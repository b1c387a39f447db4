"""Keep the state and the days of each account beside it: who thaws one, or lets its points live longer, is found by it.

Most accounts are open without any such day, and have no row.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_1050"
down_revision = "2026_11_26_1047"
branch_labels = None
depends_on = None

_TABLE = "points_account_standing"
_TOLD = ("state", "frozen_until", "idle_last_day")
_NEW, _OLD = (f"({', '.join(f'{row}.{name}' for name in _TOLD)})" for row in ("NEW", "OLD"))
_FUNCTION = f"""
CREATE FUNCTION {_TABLE}_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO {_TABLE} (customer_id, account_id, {", ".join(_TOLD)})
  VALUES (NEW.customer_id, NEW.id, NEW.state, NEW.frozen_until, NEW.idle_last_day)
  ON CONFLICT (customer_id, account_id) DO UPDATE
     SET ({", ".join(_TOLD)}) = (excluded.state, excluded.frozen_until, excluded.idle_last_day);
  RETURN NULL;
END $$
"""  # noqa: S608 - names of ours


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("frozen_until", sa.Date(), nullable=True),
        sa.Column("idle_last_day", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "account_id", name=op.f(f"pk_{_TABLE}")),
    )
    op.execute(
        f"INSERT INTO {_TABLE} (customer_id, account_id, {', '.join(_TOLD)}) "  # noqa: S608
        f"SELECT customer_id, id, {', '.join(_TOLD)} FROM points_accounts "
        "WHERE state <> 'open' OR frozen_until IS NOT NULL OR idle_last_day IS NOT NULL"
    )
    op.execute(_FUNCTION)
    each = f"FOR EACH ROW WHEN (%s) EXECUTE FUNCTION {_TABLE}_kept()"
    op.execute(
        "CREATE TRIGGER keep_first_standing AFTER INSERT ON points_accounts "
        + each % f"{_NEW} IS DISTINCT FROM ('open', NULL::date, NULL::date)"
    )
    op.execute(
        f"CREATE TRIGGER keep_standing AFTER UPDATE OF {', '.join(_TOLD)} ON points_accounts "
        + each % f"{_NEW} IS DISTINCT FROM {_OLD}"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_standing ON points_accounts")
    op.execute("DROP TRIGGER keep_first_standing ON points_accounts")
    op.execute(f"DROP FUNCTION {_TABLE}_kept()")
    op.drop_table(_TABLE)
