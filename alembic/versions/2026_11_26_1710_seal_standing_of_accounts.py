"""Keep every state and day that an account has had, numbered, and seal them in a chain of their own.

The standing of before was one row an account, changed in place, which nobody could seal: whoever changed it along with
the account wasn't found.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_1710"
down_revision = "2026_11_26_1716"
branch_labels = None
depends_on = None

_TABLE = "points_account_standing"
_SEALS = "points_standing_seals"
_OF = ("customer_id", "account_id", "standing_n")
_TOLD = ("state", "frozen_until", "idle_last_day")
_INTO = f"INSERT INTO {_TABLE} (customer_id, account_id, {{n}}{', '.join(_TOLD)})"
_VALUES = f"NEW.customer_id, NEW.id, {{n}}{', '.join(f'NEW.{name}' for name in _TOLD)}"
_BEGIN = f"CREATE OR REPLACE FUNCTION {_TABLE}_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
_END = "; RETURN NULL; END $$"
# The account's row is locked by its own change, so two never take one number.
_ADDS = f"""
  {_INTO.format(n="n, ")}
  SELECT {_VALUES.format(n="coalesce(max(n), 0) + 1, ")} FROM {_TABLE}
   WHERE (customer_id, account_id) = (NEW.customer_id, NEW.id)
"""  # noqa: S608 - names of ours
_CHANGES = f"""
  {_INTO.format(n="")} VALUES ({_VALUES.format(n="")})
  ON CONFLICT (customer_id, account_id) DO UPDATE
     SET ({", ".join(_TOLD)}) = (excluded.state, excluded.frozen_until, excluded.idle_last_day)
"""  # noqa: S608 - names of ours
_APPEND_ONLY = (
    "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
)


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column("n", sa.Integer(), server_default="1", nullable=False))
    op.alter_column(_TABLE, "n", server_default=None)
    op.drop_constraint(op.f(f"pk_{_TABLE}"), _TABLE)
    op.create_primary_key(op.f(f"pk_{_TABLE}"), _TABLE, ["customer_id", "account_id", "n"])
    op.execute(_BEGIN + _ADDS + _END)
    op.execute(_APPEND_ONLY.format(table=_TABLE))
    op.create_table(
        _SEALS,
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("standing_n", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f(f"ck_{_SEALS}_hash_length")),
        sa.PrimaryKeyConstraint("n", name=op.f(f"pk_{_SEALS}")),
        sa.UniqueConstraint(*_OF, name=op.f(f"uq_{_SEALS}_{'_'.join(_OF)}")),
    )
    op.execute(_APPEND_ONLY.format(table=_SEALS))


def downgrade() -> None:
    op.drop_table(_SEALS)
    op.execute(f"DROP TRIGGER append_only ON {_TABLE}")
    op.execute(
        f"DELETE FROM {_TABLE} s USING {_TABLE} later "  # noqa: S608 - names of ours
        "WHERE (later.customer_id, later.account_id) = (s.customer_id, s.account_id) AND later.n > s.n"
    )
    op.drop_constraint(op.f(f"pk_{_TABLE}"), _TABLE)
    op.create_primary_key(op.f(f"pk_{_TABLE}"), _TABLE, ["customer_id", "account_id"])
    op.drop_column(_TABLE, "n")
    op.execute(_BEGIN + _CHANGES + _END)
