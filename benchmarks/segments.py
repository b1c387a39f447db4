"""How long twelve segments of the catalogue take at many members, over the rollups and over the bare lines.

`ERP_CLUB_BENCH_MEMBERS` (1,000,000) members buy eight receipts of four lines each in a year; half of them hold a
membership, most consent to something. Both ways find the same customers, or the benchmark fails.

With `ERP_CLUB_BENCH_HOME` the database stays in that folder, and is filled and rolled up only where that wasn't done:
it takes far longer than asking, and needs no idle machine. `ERP_CLUB_BENCH_FILL=only` leaves it at that.
"""

import datetime as dt
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from benchmarks.shop import machine, table
from erp_club.kernel import db, schema
from erp_club.kernel.settings import Settings
from erp_club.purchases.segment_registry import REGISTRY
from erp_club.receipts.commands import keep_habits
from erp_club.receipts.rollups import queries as rollups
from erp_club.receipts.rollups.commands import roll_all
from erp_club.segments import queries
from erp_club.segments.compiler import Facts, members
from erp_club.segments.reading import read_condition

MEMBERS = int(os.environ.get("ERP_CLUB_BENCH_MEMBERS", "1000000"))
RECEIPTS, LINES, GROUPS, PRODUCTS, STORES = 8, 4, 300, 3_000, 100
AS_OF = dt.date(2026, 11, 21)
TARGET = 1.0


def bought(metric: str, op: str, value: int, over: Any = None, **of: list[str]) -> dict[str, Any]:
    return {"metric": metric, "op": op, "value": value, "over": over, "of": of}


LAST_30, LAST_90, MONTH = {"last_days": 30}, {"last_days": 90}, {"calendar": "this_month"}
SMS = {"field": "consent", "op": "eq", "value": "sms"}
GOLD = {"field": "club", "op": "eq", "value": "GOLD"}
CATALOGUE: dict[str, Any] = {
    "bought for over 100.00 in the last 30 days": bought("spend", "gt", 100_00, LAST_30),
    "at least 4 purchases in the last 90 days": bought("purchases", "ge", 4, LAST_90),
    "nothing for 90 days": {"not": bought("days_since_last", "le", 90)},
    "group 7 at least twice, but not in 90 days": {
        "all": [bought("purchases", "ge", 2, None, group=["G7"]), bought("purchases", "eq", 0, LAST_90, group=["G7"])]
    },
    "groups 1 to 3 for 50.00 this year, SMS": {
        "all": [bought("spend", "ge", 50_00, {"calendar": "this_year"}, group=["G1", "G2", "G3"]), SMS]
    },
    "never group 5": bought("purchases", "eq", 0, None, group=["G5"]),
    "a product in the last 90 days": bought("purchases", "ge", 1, LAST_90, sku=["17", "18"]),
    "for over 500.00 ever, by e-mail": {
        "all": [bought("spend", "gt", 500_00), {"field": "consent", "op": "eq", "value": "email"}]
    },
    "gold, birthday in 14 days": {"all": [GOLD, {"field": "birthday_in_days", "op": "le", "value": 14}]},
    "gold with points, not here this month": {
        "all": [GOLD, {"field": "points", "op": "ge", "value": 50, "club": "GOLD"},
                bought("visit_days", "eq", 0, MONTH)]
    },
    "in store 9 on two days of the last quarter, 30 to 40": {
        "all": [bought("visit_days", "ge", 2, {"from": "2026-07-01", "to": "2026-09-30"}, store=["S9"]),
                {"field": "age", "op": "between", "value": [30, 40]}]
    },
    "coffee twice in 90 days but not this month, home store, SMS": {
        "all": [bought("purchases", "ge", 2, LAST_90, group=["G9"]),
                {"not": bought("purchases", "ge", 1, MONTH, group=["G9"])},
                {"field": "home_store", "op": "eq", "value": "S9"}, SMS]
    },
}  # fmt: skip

KEPT: dict[str, Any] = {
    "recency score 5, money score at least 4": {
        "all": [{"field": "recency_score", "op": "eq", "value": 5}, {"field": "money_score", "op": "ge", "value": 4}]
    },
    "favourite group 7": {"field": "favourite_group", "op": "eq", "value": "G7"},
    "favourite product 17 or 18": {"field": "favourite_product", "op": "in", "value": ["17", "18"]},
    "most often in store 9, by SMS": {"all": [{"field": "favourite_store", "op": "eq", "value": "S9"}, SMS]},
}
"""What a night finds out of everybody: asked of what it kept, and found out anew."""


def fill(session: Session) -> None:
    """Customers, memberships, products and receipts, as set-based as can be.

    Without triggers, which would look up each line's receipt and product: they are right by how they are made.
    """
    given = {"members": MEMBERS, "products": PRODUCTS, "groups": GROUPS, "stores": STORES, "receipts": RECEIPTS,
             "lines": LINES, "as_of": AS_OF}  # fmt: skip
    for statement in _FILL.split(";\n"):
        session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        session.execute(sa.text(statement), given)
        session.commit()


_FILL = r"""
INSERT INTO stores (code, name, time_zone) SELECT 'S' || n, 'Store ' || n, 'UTC' FROM generate_series(1, :stores) n;
INSERT INTO product_groups (name) SELECT 'G' || n FROM generate_series(1, :groups) n;
INSERT INTO products (sku, name, group_id, list_price_minor, vat_bp)
SELECT n::text, 'P' || n, 1 + n % :groups, 1000, 1700 FROM generate_series(1, :products) n;
INSERT INTO customers (number, given_name, family_name, birthday, home_store_id, consent_sms, consent_email, opened_at,
                       changed_at)
SELECT 'M' || n, 'A', 'B', date '1950-01-01' + (n::bigint * 7919 % 20000)::int, 1 + n % :stores, n % 3 = 0, n % 2 = 0,
       now(), now() FROM generate_series(1, :members) n;
INSERT INTO clubs (code, names, currency, state, earn_points, earn_per_minor, worth_points, worth_minor, term_kind)
VALUES ('GOLD', '{"en": "Gold"}', 'ILS', 'published', 1, 1000, 100, 500, 'lifetime');
INSERT INTO points_accounts (customer_id, balance) SELECT id, id % 300 FROM customers WHERE id % 2 = 1;
INSERT INTO memberships (customer_id, club_id, points_holder_id, points_account_id, joined_on)
SELECT a.customer_id, c.id, a.customer_id, a.id, date '2024-01-01' FROM points_accounts a CROSS JOIN clubs c;
INSERT INTO membership_periods (customer_id, membership_id, period_no, validity, kind, at)
SELECT customer_id, id, 1, daterange(joined_on, NULL), 'joining', now() FROM memberships;
INSERT INTO members_to_roll (customer_id) SELECT customer_id FROM memberships;
INSERT INTO receipts (customer_id, id, store_id, receipt_no, sold_at, sold_on, list_minor, total_minor, source)
SELECT c.customer_id, c.id, 1 + (hashint8(c.customer_id * 31 + n)::bigint & 1023) % :stores,
       c.customer_id || '-' || n, d.day, d.day, t.minor, t.minor, 'import'
  FROM (SELECT c.id AS customer_id, n, nextval(pg_get_serial_sequence('receipts', 'id')) AS id
          FROM customers c CROSS JOIN generate_series(1, :receipts) n WHERE c.id <> 0 OFFSET 0) c
 CROSS JOIN LATERAL (SELECT :as_of - (hashint8(c.customer_id * 131 + n)::bigint & 1048575)::int % 365 AS day) d
 CROSS JOIN LATERAL (SELECT sum(100 + (hashint8(c.id * 57 + line)::bigint & 1048575) % 3000) AS minor
                       FROM generate_series(1, :lines) line) t;
INSERT INTO receipts_to_roll (customer_id, receipt_id) SELECT customer_id, id FROM receipts;
INSERT INTO receipt_lines (customer_id, receipt_id, line_no, product_id, quantity_milli, list_minor, amount_minor,
                           vat_bp)
SELECT r.customer_id, r.id, n, 1 + (hashint8(r.id * 17 + n)::bigint & 1048575) % :products, 1000, m.minor, m.minor, 1700
  FROM receipts r CROSS JOIN generate_series(1, :lines) n
 CROSS JOIN LATERAL (SELECT 100 + (hashint8(r.id * 57 + n)::bigint & 1048575) % 3000 AS minor) m;
ANALYZE
"""


def timed(session: Session, document: Any, facts: Facts) -> tuple[float, int, int]:
    """Seconds (the better of two), how many, and the sum of their ids, which tells one set from another."""
    condition = read_condition(document, REGISTRY)
    session.execute(sa.text(queries.MEMORY))
    found = members(condition, facts).subquery()
    asked = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(found.c.id), 0)).select_from(found)
    seconds = float("inf")
    for _ in range(2):
        before = time.perf_counter()
        session.execute(asked).one()
        seconds = min(seconds, time.perf_counter() - before)
    customers, checked = session.execute(asked).one()
    return seconds, customers, int(checked)


@contextmanager
def a_home() -> Iterator[Path]:
    """The folder that is kept, or one for now."""
    if kept := os.environ.get("ERP_CLUB_BENCH_HOME"):
        Path(kept).mkdir(parents=True, exist_ok=True)
        yield Path(kept)
        return
    with tempfile.TemporaryDirectory(prefix="erp-club-bench-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def filled(session: Session) -> None:
    """Fill the database and roll it up, each unless that was done."""
    if not session.scalar(sa.text("SELECT count(*) FROM stores")):
        began = time.perf_counter()
        fill(session)
        print(f"filled in {time.perf_counter() - began:.0f} s", flush=True)
    if rollups.waiting(session):
        began = time.perf_counter()
        receipts = roll_all(session)
        session.commit()
        print(f"{receipts:,} receipts rolled up in {time.perf_counter() - began:.0f} s", flush=True)
    if rollups.habits_day(session) == AS_OF:
        return
    began = time.perf_counter()
    keep_habits(session, AS_OF)
    session.commit()
    print(f"habits found out in {time.perf_counter() - began:.0f} s", flush=True)
    session.connection(execution_options={"isolation_level": "AUTOCOMMIT"}).exec_driver_sql("VACUUM ANALYZE")


def main() -> None:
    with a_home() as home:
        home.chmod(0o755)
        database = db.connect(Settings(home=home))
        try:
            schema.migrate(database)
            with database.session() as session:
                filled(session)
            if os.environ.get("ERP_CLUB_BENCH_FILL") == "only":
                return
            with database.session() as session:
                members = session.scalar(sa.text("SELECT count(*) - 1 FROM customers")) or 0
                held = session.scalar(sa.text("SELECT pg_database_size(current_database())")) or 0
                lines = session.scalar(sa.text("SELECT count(*) FROM receipt_lines")) or 0
                where, rows, kept = machine(), _rows(session, CATALOGUE), _rows(session, KEPT)
        finally:
            database.close()
    title = f"{members:,} members, {lines:,} lines, {held / 2**30:.1f} GiB ({where})"
    table(title, ["segment", "customers", "rollups, s", "lines, s", f"target {TARGET:g} s"], rows)
    table("The same", ["segment", "customers", "kept, s", "found out, s", f"target {TARGET:g} s"], kept)


def _rows(session: Session, asked: dict[str, Any]) -> list[list[str]]:
    return [_row(session, name, document) for name, document in asked.items()]


def _row(session: Session, name: str, document: Any) -> list[str]:
    with_rollups = timed(session, document, queries.facts(session, AS_OF))
    over_lines = timed(session, document, Facts(AS_OF))
    assert with_rollups[1:] == over_lines[1:], name
    met = "met" if with_rollups[0] <= TARGET else "**missed**"
    return [name, f"{with_rollups[1]:,}", f"{with_rollups[0]:.3f}", f"{over_lines[0]:.3f}", met]


if __name__ == "__main__":
    main()
