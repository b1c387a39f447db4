"""Keep and seal what rewards, birthdays and events gave, what somebody did against the limits of their day, wrong PINs,
and the moments of fees, uses, moves and conversions.

Whoever changed one of them around the triggers could let a gift be given, or a limit be passed, once more.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_2326"
down_revision = "2026_11_26_2030"
branch_labels = None
depends_on = None

_MORE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "stored_value_cards": (("product_id", "state", "pin_hash", "replaced_by"), ("wrong_pins", "issued_at")),
    "points_moves": (
        ("customer_id", "account_id", "up_to_seq", "by_customer_id", "to_customer_id", "to_account_id"),
        ("at",),
    ),
    "points_conversions": (
        (
            *("customer_id", "account_id", "club_id", "cause", "rules_no", "on_date", "from_points", "to_points"),
            *("to_club", "points", "seq", "became", "to_holder_id", "to_account_id", "to_seq", "owed", "owes"),
            *("card_customer_id", "card_id", "run_id"),
        ),
        ("at", "undone_at"),
    ),
    "membership_fees": (
        (
            *("membership_id", "kind", "state", "period_no", "level", "first", "last", "full_minor", "due_minor"),
            *("least_minor", "line_no", "receipt_id", "refunded_minor", "paid_on"),
        ),
        ("at",),
    ),
    "entitlement_uses": (
        (
            *("membership_id", "code", "first", "last", "use_no", "state", "product_id", "line_no", "receipt_id"),
            "grant_id",
        ),
        ("at",),
    ),
}
"""What was kept of them before, and what is now besides."""
_NEW: dict[str, tuple[str, tuple[str, ...]]] = {
    "day_uses": ("id", ("day", "store_id", "staff_id", "action", "used")),
    "period_settlements": (
        "id",
        (
            *("customer_id", "account_id", "club_id", "rule", "first_on", "last_on", "version_no", "run_id", "form"),
            *("base", "carried", "value", "pieces", "settled_before", "to_fee_minor", "taken", "rest", "rest_minor"),
            *("rate_bp", "why", "usable_from", "last_day", "state", "automatic", "due_on", "promised", "taken_seq"),
            "at",
        ),
    ),
    "reward_entitlements": ("settlement_id", ("customer_id", "entitlement", "count")),
    "reward_coupons": ("coupon_id", ("customer_id", "settlement_id", "owner_id")),
    "reward_cards": ("settlement_id", ("customer_id", "card_customer_id", "card_id")),
    "birthday_grants": (
        "id",
        (
            *("customer_id", "plan_id", "person", "year", "day", "age", "first_day", "last_day", "amount_minor"),
            *("points", "owner_id", "coupon_id", "card_id", "on_date", "at", "run_id"),
        ),
    ),
    "programme_events": (
        "id",
        (
            *("customer_id", "event", "subject", "receipt_customer_id", "receipt_id", "friend_id", "awaited_id"),
            *("waits", "on_date", "at", "store_id", "terminal_id", "staff_id"),
        ),
    ),
    "event_gains": (
        "id",
        (
            *("customer_id", "event_customer_id", "event_id", "club_id", "rule", "once_key", "on_date", "points"),
            *("holder_id", "account_id", "seq", "receipt_customer_id", "receipt_id", "taken_seq"),
        ),
    ),
}
"""By which column each goes, and what is kept."""
_NUMBERED = ("birthday_grants", "event_gains")
# A night gives to a million at once: once a statement, and not for each row. Arguments: the column that it goes by,
# then those that are kept.
_FUNCTION = """
CREATE FUNCTION keep_rows() RETURNS trigger LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
  said text; now_is text; was text;
BEGIN
  SELECT string_agg(format('%1$L, r.%1$I', name), ', '), string_agg(format('r.%I', name), ', '),
         string_agg(format('o.%I', name), ', ')
    INTO said, now_is, was FROM unnest(TG_ARGV[1:]) AS name;
  IF TG_OP = 'INSERT' THEN
    EXECUTE format('INSERT INTO kept_rows SELECT %L, r.%I, 1, jsonb_build_object(%s) FROM came r',
                   TG_TABLE_NAME, TG_ARGV[0], said);
  ELSE
    EXECUTE format('INSERT INTO kept_rows SELECT %1$L, r.%2$I, coalesce((SELECT max(k.n) FROM kept_rows k '
                   'WHERE k.of_table = %1$L AND k.row_id = r.%2$I), 0) + 1, jsonb_build_object(%3$s) '
                   'FROM came r JOIN went o ON o.%2$I = r.%2$I WHERE (%4$s) IS DISTINCT FROM (%5$s)',
                   TG_TABLE_NAME, TG_ARGV[0], said, now_is, was);
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL timezone = 'UTC'")  # as the triggers do: JSON writes moments in a time zone
    op.execute("ALTER FUNCTION keep_row() SET timezone = 'UTC'")
    for table in _NUMBERED:
        op.add_column(table, sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False))
    op.execute(_FUNCTION)
    for table, (before, more) in _MORE.items():
        _keep_by_row(table, (*before, *more))
    for table, (key, columns) in _NEW.items():
        _keep_all(table, key, columns)
        for when, referencing in (("INSERT", "NEW TABLE AS came"), ("UPDATE", "OLD TABLE AS went NEW TABLE AS came")):
            op.execute(
                f"CREATE TRIGGER keep_{when.lower()} AFTER {when} ON {table} REFERENCING {referencing} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION keep_rows({', '.join((key, *columns))})"
            )


def downgrade() -> None:
    for table in _NEW:
        op.execute(f"DROP TRIGGER keep_update ON {table}")
        op.execute(f"DROP TRIGGER keep_insert ON {table}")
    for table, (before, _more) in _MORE.items():
        _keep_by_row(table, before)
    op.execute("DROP FUNCTION keep_rows()")
    for table in _NUMBERED:
        op.drop_column(table, "id")
    op.execute("ALTER FUNCTION keep_row() RESET timezone")


def _keep_by_row(table: str, columns: tuple[str, ...]) -> None:
    """Keep these columns from now on, and once more of each row that is there."""
    op.execute(f"DROP TRIGGER keep_change ON {table}")
    op.execute(f"DROP TRIGGER keep_first ON {table}")
    _keep_all(table, "id", columns)
    keep = f"EXECUTE FUNCTION keep_row({', '.join(columns)})"
    op.execute(f"CREATE TRIGGER keep_first AFTER INSERT ON {table} FOR EACH ROW {keep}")
    new, old = (f"({', '.join(f'{row}.{name}' for name in columns)})" for row in ("NEW", "OLD"))
    op.execute(
        f"CREATE TRIGGER keep_change AFTER UPDATE OF {', '.join(columns)} ON {table} "
        f"FOR EACH ROW WHEN ({new} IS DISTINCT FROM {old}) {keep}"
    )


def _keep_all(table: str, key: str, columns: tuple[str, ...]) -> None:
    told = ", ".join(f"'{name}', {name}" for name in columns)
    op.execute(
        f"INSERT INTO kept_rows SELECT '{table}', {key}, coalesce(k.n, 0) + 1, "  # noqa: S608 - names of ours
        f"jsonb_build_object({told}) FROM {table} t LEFT JOIN (SELECT row_id, max(kept_rows.n) AS n FROM kept_rows "
        f"WHERE of_table = '{table}' GROUP BY row_id) AS k ON k.row_id = t.{key}"
    )
