"""Adds receipts to the rollups, and proves these against the lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.receipts.rollups.firsts import COUNTED, GOODS, SLICES, bit


@dataclass(frozen=True, slots=True)
class _Kind:
    """A way in which lines are grouped: the table of its sums, what names a row, and how its products are grouped.

    `changed` tells which values of `column` are out of date; a product is always itself.
    """

    table: str
    key: str
    column: str
    changed: str | None


_DAY = "sold_on, customer_id, store_id"
_KINDS = (
    _Kind("customer_group_days", f"group_id, {_DAY}", "group_id", "groups_to_roll"),
    _Kind("customer_group_years", "year, customer_id, group_id", "group_id", "groups_to_roll"),
    _Kind("customer_department_days", f"department_id, {_DAY}", "department_id", "departments_to_roll"),
    _Kind("customer_brand_days", f"brand_id, {_DAY}", "brand_id", "brands_to_roll"),
    _Kind("customer_product_days", f"product_id, {_DAY}", "product_id", None),
)
_CHANGED = {kind.changed: kind.column for kind in _KINDS if kind.changed}
_OF_RECEIPT = """
    bool_or(bought)::int AS purchases, bool_or(NOT bought)::int AS returns, sum(amount_minor)::bigint AS spend_minor,
    sum(quantity_milli)::bigint AS quantity_milli, sum(list_minor)::bigint AS list_minor,
    coalesce(-sum(amount_minor) FILTER (WHERE NOT bought), 0)::bigint AS returned_minor
"""
_ADDED = ("purchases", "returns", "spend_minor", "quantity_milli", "list_minor", "returned_minor")
_TOTALS = "count(*) AS receipts, " + ", ".join(f"sum({name}) AS {name}" for name in _ADDED)
_NAMES = ", ".join(("receipts", *_ADDED))
_SUMMED = f"""
    SELECT customer_id, receipt_id, sold_on, store_id, staff_id, {_OF_RECEIPT}
      FROM lines GROUP BY customer_id, receipt_id, sold_on, store_id, staff_id
"""
_KNOWN = "coalesce(sum(spend_minor) FILTER (WHERE customer_id <> 0), 0) AS known_minor"
_CUSTOMER_DAY = "customer_id, sold_on, store_id, staff_id"
_CUSTOMER_DAYS = f"SELECT {_CUSTOMER_DAY}, {_TOTALS} FROM summed GROUP BY {_CUSTOMER_DAY}"
_STORE_DAYS = f"SELECT sold_on, store_id, {_TOTALS}, {_KNOWN} FROM summed GROUP BY sold_on, store_id"
_PRODUCT_MONTHS = f"""
    SELECT month, product_id, {_TOTALS}, {_KNOWN}
      FROM (SELECT date_trunc('month', sold_on::timestamp)::date AS month, product_id, customer_id, {_OF_RECEIPT}
              FROM lines GROUP BY 1, product_id, customer_id, receipt_id) AS each
     GROUP BY month, product_id
"""
# A receipt counts for whoever its customer became.
_OWNER = "LEFT JOIN customers m ON m.id = r.customer_id AND m.merged_into IS NOT NULL"
_LINES = """
    SELECT coalesce(m.merged_into, r.customer_id) AS customer_id, r.id AS receipt_id, r.sold_on, r.store_id,
           date_trunc('year', r.sold_on::timestamp)::date AS year, coalesce(r.staff_id, 0) AS staff_id, l.product_id,
           coalesce(p.group_id, 0) AS group_id, coalesce(p.department_id, 0) AS department_id,
           coalesce(p.brand_id, 0) AS brand_id, l.amount_minor, l.list_minor, l.quantity_milli,
           l.quantity_milli >= 0 AS bought
"""

_GOODS_KEY = "customer_id, receipt_id, " + ", ".join(f"{kind}_id" for kind in GOODS)
_GOODS_OF = f"{_GOODS_KEY}, sold_on, store_id, staff_id"
_GOODS_NAMES = f"{_GOODS_OF}, firsts, spend_minor, quantity_milli, list_minor, returned_minor"
# The running number of a row within its slice, of those that count.
_RUNNING = {
    "receipts": "true AND count(*)",
    "purchases": "purchases = 1 AND count(*) FILTER (WHERE purchases = 1)",
    "returns": "returns = 1 AND count(*) FILTER (WHERE returns = 1)",
}


def _window(kinds: tuple[str, ...]) -> str:
    """The rows of a receipt's slice in a whole order: equals in it would all be counted at once.

    Three orders serve all slices, so that the rows are sorted three times only.
    """
    turns = (GOODS[turn:] + GOODS[:turn] for turn in range(len(GOODS)))
    columns = next([f"{kind}_id" for kind in each] for each in turns if set(each[: len(kinds)]) == set(kinds))
    part, rest = columns[: len(kinds)], columns[len(kinds) :]
    return f"(PARTITION BY receipt_id, {', '.join(part)}{' ORDER BY ' + ', '.join(rest) if rest else ''})"


_FIRSTS = " + ".join(
    f"({_RUNNING[counted]} OVER of_{'_'.join(kinds)} = 1)::int * {bit(kinds, counted)}"
    for kinds in SLICES
    for counted in COUNTED
)
_GOODS = f"""
    SELECT {_GOODS_OF}, {_FIRSTS} AS firsts, spend_minor, quantity_milli, list_minor, returned_minor
      FROM (SELECT {_GOODS_OF}, {_OF_RECEIPT} FROM lines GROUP BY {_GOODS_OF}) AS each
    WINDOW {", ".join(f"of_{'_'.join(kinds)} AS {_window(kinds)}" for kinds in SLICES)}
"""


def _adding(table: str, *more: str) -> str:
    """Add what comes to the row that is there."""
    return ", ".join(f"{name} = {table}.{name} + EXCLUDED.{name}" for name in ("receipts", *_ADDED, *more))


def _of_kind(kind: _Kind) -> str:
    """The sums of lines by a kind, each receipt counted once."""
    receipt = f"SELECT {kind.key}, receipt_id, {_OF_RECEIPT} FROM lines GROUP BY {kind.key}, receipt_id"
    return f"SELECT {kind.key}, {_TOTALS} FROM ({receipt}) AS each GROUP BY {kind.key}"


def _roll_kind(kind: _Kind) -> str:
    return f"""
        INSERT INTO {kind.table} ({kind.key}, {_NAMES}) {_of_kind(kind)} ORDER BY {kind.key}
        ON CONFLICT ({kind.key}) DO UPDATE SET {_adding(kind.table)}
    """


_ROLL = f"""
WITH waiting AS (
    SELECT customer_id, receipt_id FROM receipts_to_roll LIMIT :most FOR UPDATE SKIP LOCKED
), taken AS (
    DELETE FROM receipts_to_roll q USING waiting w
     WHERE (q.customer_id, q.receipt_id) = (w.customer_id, w.receipt_id) RETURNING q.customer_id, q.receipt_id
), lines AS MATERIALIZED (
    {_LINES} FROM taken t
      JOIN receipts r ON (r.customer_id, r.id) = (t.customer_id, t.receipt_id)
      JOIN receipt_lines l ON (l.customer_id, l.receipt_id) = (t.customer_id, t.receipt_id)
      JOIN products p ON p.id = l.product_id {_OWNER}
), summed AS MATERIALIZED ({_SUMMED}), days AS (
    INSERT INTO customer_days ({_CUSTOMER_DAY}, {_NAMES}) {_CUSTOMER_DAYS} ORDER BY {_CUSTOMER_DAY}
    ON CONFLICT ({_CUSTOMER_DAY}) DO UPDATE SET {_adding("customer_days")}
), of_stores AS (
    INSERT INTO store_days (sold_on, store_id, {_NAMES}, known_minor) {_STORE_DAYS} ORDER BY sold_on, store_id
    ON CONFLICT (sold_on, store_id) DO UPDATE SET {_adding("store_days", "known_minor")}
), of_products AS (
    INSERT INTO product_months (month, product_id, {_NAMES}, known_minor) {_PRODUCT_MONTHS} ORDER BY month, product_id
    ON CONFLICT (month, product_id) DO UPDATE SET {_adding("product_months", "known_minor")}
), {", ".join(f"of_{kind.table} AS ({_roll_kind(kind)})" for kind in _KINDS)}, goods AS (
    INSERT INTO receipt_goods ({_GOODS_NAMES}) SELECT * FROM ({_GOODS}) AS each ORDER BY sold_on, receipt_id
), summaries AS (
    INSERT INTO customer_summaries AS s
    SELECT customer_id, sum(purchases), sum(returns), sum(spend_minor), sum(quantity_milli),
           min(sold_on) FILTER (WHERE purchases > 0), max(sold_on) FILTER (WHERE purchases > 0)
      FROM summed WHERE customer_id <> 0 GROUP BY customer_id ORDER BY customer_id
    ON CONFLICT (customer_id) DO UPDATE
       SET purchases = s.purchases + EXCLUDED.purchases, returns = s.returns + EXCLUDED.returns,
           spend_minor = s.spend_minor + EXCLUDED.spend_minor,
           quantity_milli = s.quantity_milli + EXCLUDED.quantity_milli,
           first_on = least(s.first_on, EXCLUDED.first_on), last_on = greatest(s.last_on, EXCLUDED.last_on)
)
SELECT count(*) FROM taken
"""
_ALL_LINES = f"""{_LINES} FROM receipts r
      JOIN receipt_lines l ON (l.customer_id, l.receipt_id) = (r.customer_id, r.id)
      JOIN products p ON p.id = l.product_id {_OWNER}
     WHERE NOT EXISTS (
           SELECT FROM receipts_to_roll q WHERE (q.customer_id, q.receipt_id) = (r.customer_id, r.id))"""

_OF_CHANGED = "SELECT receipt_id FROM receipt_lines WHERE product_id = ANY(:products)"
_GOODS_GONE = f"DELETE FROM receipt_goods WHERE receipt_id IN ({_OF_CHANGED})"
_GOODS_ANEW = f"""
    WITH lines AS MATERIALIZED ({_ALL_LINES} AND r.id IN ({_OF_CHANGED}))
    INSERT INTO receipt_goods ({_GOODS_NAMES}) {_GOODS}
"""


def _made_anew(kind: _Kind) -> str:
    return f"""
        WITH lines AS ({_ALL_LINES} AND coalesce(p.{kind.column}, 0) = ANY(:values))
        INSERT INTO {kind.table} ({kind.key}, {_NAMES}) {_of_kind(kind)}
    """


@dataclass(frozen=True, slots=True)
class _Proof:
    """A table, the columns that name a row, the sums it should hold, which rows are proven, and all of its columns.

    `of_customers`: its rows are a customer's, and change hands when customers become one.
    """

    table: str
    keys: str
    sums: str
    where: str = ""
    columns: str = ""
    of_customers: bool = True


_PROOFS = (
    _Proof("customer_days", _CUSTOMER_DAY, _CUSTOMER_DAYS),
    _Proof("store_days", "sold_on, store_id", _STORE_DAYS, of_customers=False),
    _Proof("product_months", "month, product_id", _PRODUCT_MONTHS, of_customers=False),
    *(
        _Proof(
            kind.table,
            kind.key,
            f"SELECT * FROM ({_of_kind(kind)}) AS sums",
            f"WHERE {kind.column} NOT IN (SELECT {kind.column} FROM {kind.changed})" if kind.changed else "",
        )
        for kind in _KINDS
    ),
    _Proof(
        "receipt_goods",
        _GOODS_KEY,
        f"SELECT * FROM ({_GOODS}) AS goods",
        """WHERE receipt_id NOT IN (
            SELECT receipt_id FROM receipt_lines WHERE product_id IN (SELECT product_id FROM products_to_roll))""",
        columns=_GOODS_NAMES,
    ),
    _Proof(
        "customer_summaries",
        "customer_id",
        """
        SELECT customer_id, sum(purchases) AS purchases, sum(returns) AS returns, sum(spend_minor) AS spend_minor,
               sum(quantity_milli) AS quantity_milli, min(sold_on) FILTER (WHERE purchases > 0) AS first_on,
               max(sold_on) FILTER (WHERE purchases > 0) AS last_on
          FROM summed WHERE customer_id <> 0 GROUP BY customer_id""",
        columns="customer_id, purchases, returns, spend_minor, quantity_milli, first_on, last_on",
    ),
)
_FAMILY = " AND r.customer_id IN (SELECT id FROM customers WHERE id = ANY(:ids) OR merged_into = ANY(:ids))"
MOST_AT_ONCE = 200_000


def roll(session: Session, *, most: int = MOST_AT_ONCE) -> int:
    """Add at most so many waiting receipts to the rollups, and make what changed anew; gives how many were added.

    Two at once wait for each other; what is written meanwhile waits for the next time.
    """
    _hold(session)
    rolled = session.execute(sa.text(_ROLL), {"most": most}).scalar_one()
    for changed, column in _CHANGED.items():
        values = {"values": list(session.scalars(sa.text(f"DELETE FROM {changed} RETURNING {column}")))}
        for kind in _KINDS:
            if values["values"] and kind.changed == changed:
                session.execute(sa.text(f"DELETE FROM {kind.table} WHERE {column} = ANY(:values)"), values)
                session.execute(sa.text(_made_anew(kind)), values)
    changed = list(session.scalars(sa.text("DELETE FROM products_to_roll RETURNING product_id")))
    if changed:
        for statement in (_GOODS_GONE, _GOODS_ANEW):
            session.execute(sa.text(statement), {"products": changed})
    return rolled


def roll_all(session: Session) -> int:
    """Add every waiting receipt."""
    total = 0
    while rolled := roll(session):
        total += rolled
    if total:
        for table in (*(proof.table for proof in _PROOFS), "receipts_to_roll"):
            session.execute(sa.text(f"ANALYZE {table}"))
    return total


def sum_again(session: Session, customer_ids: Sequence[int]) -> None:
    """Make the sums of these customers anew, since other receipts are theirs now than before: they became one, or two.

    What waits goes on waiting, and is added to whoever owns it then.
    """
    _hold(session)
    given = {"ids": list(customer_ids)}
    for proof in _PROOFS:
        if not proof.of_customers:
            continue
        session.execute(sa.text(f"DELETE FROM {proof.table} WHERE customer_id = ANY(:ids)"), given)
        columns = proof.columns or f"{proof.keys}, {_NAMES}"
        session.execute(
            sa.text(f"""
            WITH lines AS MATERIALIZED ({_ALL_LINES}{_FAMILY}), summed AS ({_SUMMED})
            INSERT INTO {proof.table} ({columns}) SELECT {columns} FROM ({proof.sums}) AS anew
            """),
            given,
        )


def _hold(session: Session) -> None:
    session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended('rollups', 0))"))


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row of a rollup that isn't what the lines sum to: what is kept, and what should be; None where none is."""

    table: str
    kept: Mapping[str, Any] | None
    proved: Mapping[str, Any] | None


def verify(session: Session) -> Wrong | None:
    """Sum all lines again and compare; gives the first row that differs. Reads everything."""
    for proof in _PROOFS:
        row = session.execute(
            sa.text(f"""
            WITH lines AS MATERIALIZED ({_ALL_LINES}), summed AS ({_SUMMED}), proved AS ({proof.sums} {proof.where}),
                 kept AS (SELECT * FROM {proof.table} {proof.where})
            SELECT to_jsonb(kept) AS kept, to_jsonb(proved) AS proved FROM kept FULL JOIN proved USING ({proof.keys})
             WHERE to_jsonb(kept) IS DISTINCT FROM to_jsonb(proved) LIMIT 1
            """)
        ).one_or_none()
        if row is not None:
            return Wrong(proof.table, row.kept, row.proved)
    return None
