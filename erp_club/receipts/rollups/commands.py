"""Adds receipts to the rollups, and proves these against the lines."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from erp_club.customers.models import UNIDENTIFIED
from erp_club.receipts.rollups import buyers
from erp_club.receipts.rollups.beside.commands import (
    OF_SUMS,
    add,
    adding,
    favourites,
    favourites_added,
    favourites_moved,
    products_added,
    slice_days_added,
    span_again,
)
from erp_club.receipts.rollups.sums import (
    ADDED,
    ALL_LINES,
    CLUB_SPANS,
    CUSTOMER_DAY,
    CUSTOMER_DAYS,
    CUSTOMER_YEARS,
    EVERY_LINE,
    GOODS_NAMES,
    KINDS,
    KNOWN,
    LINES,
    NAMES,
    OWNER,
    PRODUCT_DAYS,
    PROOFS,
    RECEIPT_GOODS,
    SPANS,
    STORE_DAYS,
    SUMMED,
    Kind,
    Proof,
    club_days,
    of_kind,
    slice_days,
)

_CHANGED = {kind.changed: kind.column for kind in KINDS if kind.changed}


def _roll_kind(kind: Kind) -> str:
    return f"""
        INSERT INTO {kind.table} ({kind.key}, {NAMES})
        SELECT {kind.key}, {NAMES} FROM of_{kind.table} ORDER BY {kind.key}
        ON CONFLICT ({kind.key}) DO UPDATE SET {adding(kind.table)}
    """


_ROLL = f"""
WITH waiting AS (
    SELECT q.customer_id, q.receipt_id FROM receipts_to_roll q
      JOIN receipts r ON (r.customer_id, r.id) = (q.customer_id, q.receipt_id)
     WHERE q.customer_id = ANY(:sold_to) AND r.sold_on >= :since
       AND NOT EXISTS (SELECT FROM receipt_lines l WHERE (l.customer_id, l.receipt_id) = (q.customer_id, q.receipt_id)
                                                     AND l.product_id <> ALL(CAST(:products AS bigint[])))
     LIMIT :most FOR UPDATE OF q SKIP LOCKED
), taken AS (
    DELETE FROM receipts_to_roll q USING waiting w
     WHERE (q.customer_id, q.receipt_id) = (w.customer_id, w.receipt_id) RETURNING q.customer_id, q.receipt_id
), lines AS MATERIALIZED (
    {LINES} FROM taken t
      JOIN receipts r ON (r.customer_id, r.id) = (t.customer_id, t.receipt_id)
      JOIN receipt_lines l ON (l.customer_id, l.receipt_id) = (t.customer_id, t.receipt_id)
      JOIN products p ON p.id = l.product_id {OWNER}
), summed AS MATERIALIZED ({SUMMED}), of_customer_days AS MATERIALIZED ({CUSTOMER_DAYS}), days AS (
    INSERT INTO customer_days ({CUSTOMER_DAY}, {NAMES}) SELECT * FROM of_customer_days ORDER BY {CUSTOMER_DAY}
    ON CONFLICT ({CUSTOMER_DAY}) DO UPDATE SET {adding("customer_days")}
), years AS (
    INSERT INTO customer_years (year, customer_id, {NAMES}) {CUSTOMER_YEARS} ORDER BY year, customer_id
    ON CONFLICT (year, customer_id) DO UPDATE SET {adding("customer_years")}
), of_stores AS (
    INSERT INTO store_days (sold_on, store_id, {NAMES}, known_minor) {STORE_DAYS} ORDER BY sold_on, store_id
    ON CONFLICT (sold_on, store_id) DO UPDATE SET {adding("store_days", "known_minor")}
), of_products AS MATERIALIZED ({PRODUCT_DAYS}), {products_added("of_products")},
{", ".join(f"of_{kind.table} AS MATERIALIZED ({of_kind(kind)})" for kind in KINDS)},
{", ".join(f"added_{kind.table} AS ({_roll_kind(kind)})" for kind in KINDS)}, slices AS (
    INSERT INTO slice_days ({buyers.SLICE_DAY}, {NAMES}, known_minor)
    SELECT * FROM ({slice_days(lambda kind: f"of_{kind.table}")}) AS each ORDER BY {buyers.SLICE_DAY}
    ON CONFLICT ({buyers.SLICE_DAY}) DO UPDATE SET {adding("slice_days", "known_minor")}
), bought AS ({buyers.added(buyers.COMING)}), {favourites_moved()}, goods AS (
    INSERT INTO receipt_goods ({GOODS_NAMES}) SELECT * FROM ({RECEIPT_GOODS}) AS each ORDER BY sold_on, receipt_id
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
_OF_CHANGED = "SELECT receipt_id FROM receipt_lines WHERE product_id = ANY(:products)"
_GOODS_GONE = f"DELETE FROM receipt_goods WHERE receipt_id IN ({_OF_CHANGED})"
_GOODS_ANEW = f"""
    WITH lines AS MATERIALIZED ({ALL_LINES} AND r.id IN ({_OF_CHANGED}))
    INSERT INTO receipt_goods ({GOODS_NAMES}) {RECEIPT_GOODS}
"""


def _made_anew(kind: Kind) -> str:
    return f"""
        WITH lines AS ({ALL_LINES} AND coalesce(p.{kind.column}, 0) = ANY(:values))
        INSERT INTO {kind.table} ({kind.key}, {NAMES}) {of_kind(kind)}
    """


def _slices_anew(part: buyers.Slice) -> Iterator[str]:
    """From the days of customers, which were made anew before; of clubs too, where these are kept."""
    names = ", ".join(f"sum({name})" for name in ("receipts", *ADDED))
    which = f"{part.column} = ANY(:values)"
    mine = f"{buyers.named(part.name)} AND of_id = ANY(:values)"
    yield f"DELETE FROM slice_days WHERE {mine}"
    yield f"""
        INSERT INTO slice_days ({buyers.SLICE_DAY}, {NAMES}, known_minor)
        SELECT '{part.name}', {part.column}, sold_on, {names}, {KNOWN}
          FROM {part.days} WHERE {which} GROUP BY {part.column}, sold_on
    """
    yield f"DELETE FROM slice_buyers WHERE {mine}"
    yield buyers.added(buyers.of_days(part, which))
    for of_club in buyers.CLUB_SLICES:
        if of_club.name == part.name:
            yield slice_days_added(club_days(str, where=which, slices=(of_club,)))
            yield buyers.added(buyers.of_days(of_club, which))


_SOLD_TO = """
    SELECT q.customer_id, coalesce(m.merged_into, q.customer_id) AS owner, min(r.sold_on) AS since
      FROM (SELECT customer_id, receipt_id FROM receipts_to_roll LIMIT :most) AS q
      JOIN receipts r ON (r.customer_id, r.id) = (q.customer_id, q.receipt_id)
      LEFT JOIN customers m ON m.id = q.customer_id AND m.merged_into IS NOT NULL
     GROUP BY q.customer_id, m.merged_into
"""
_SOLD = """
    SELECT DISTINCT l.product_id FROM receipts_to_roll q
      JOIN receipt_lines l ON (l.customer_id, l.receipt_id) = (q.customer_id, q.receipt_id)
     WHERE q.customer_id = ANY(:sold_to)
"""
_CHANGED_MEMBERS = (
    "WITH gone AS (DELETE FROM members_to_roll RETURNING customer_id) SELECT DISTINCT customer_id FROM gone"
)
_FAMILY = " AND r.customer_id IN (SELECT id FROM customers WHERE id = ANY(:ids) OR merged_into = ANY(:ids))"
MOST_AT_ONCE = 200_000
_MANY = 50_000
_EVERYTHING = f"""
    WITH rolled AS (DELETE FROM receipts_to_roll RETURNING 1), members AS (DELETE FROM members_to_roll),
         spans AS (INSERT INTO club_spans ({SPANS.columns}) {CLUB_SPANS}),
         {", ".join(f"{name} AS (DELETE FROM {name})" for name in (*_CHANGED, "products_to_roll"))},
         found AS (INSERT INTO lines {EVERY_LINE})
    SELECT count(*) FROM rolled
"""
_INDEXES = """
    SELECT i.indisprimary AS is_key, c.relname AS name, pg_get_indexdef(i.indexrelid) AS made_by,
           pg_get_constraintdef(k.oid) AS key
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid
     WHERE i.indrelid = CAST(:table AS regclass) ORDER BY i.indisprimary DESC, c.relname
"""
_TRIES = 5


def roll(session: Session, *, most: int = MOST_AT_ONCE) -> int:
    """Add at most so many waiting receipts to the rollups, and make what changed anew; gives how many were added.

    Two at once wait for each other; what is written meanwhile waits for the next time.
    """
    _hold(session)
    sold = session.execute(sa.text(_SOLD_TO), {"most": most}).all()
    members = session.scalars(sa.text(_CHANGED_MEMBERS)).all()
    since = min((row.since for row in sold), default=dt.date.min)
    # What they count for is taken out and put back: what comes in between may move any day since, and when they began.
    # A receipt that comes with another product before it is taken waits for the next time.
    taken: dict[str, Any] = {"most": most, "sold_to": [row.customer_id for row in sold], "since": since}
    taken["products"] = list(session.scalars(sa.text(_SOLD), taken))
    owners = sorted({row.owner for row in sold} - {UNIDENTIFIED, *members})
    taken["owners"] = owners
    buying = {"ids": owners, "since": since, "products": taken["products"]}
    changed_ids = {"ids": list(members), "since": dt.date.min, "products": None}
    for given in (buying, changed_ids):
        add(session, given, -1)
    favourites(session, members, -1)
    rolled = session.execute(sa.text(_ROLL), taken).scalar_one()
    if members:
        span_again(session, members)
    for given in (buying, changed_ids):
        add(session, given, 1)
    favourites(session, members, 1)
    _make_changed_anew(session)
    return rolled


def _make_changed_anew(session: Session) -> None:
    """The sums of groups and the like whose products are others now."""
    for changed, column in _CHANGED.items():
        values = {"values": list(session.scalars(sa.text(f"DELETE FROM {changed} RETURNING {column}")))}
        for kind in KINDS:
            if values["values"] and kind.changed == changed:
                session.execute(sa.text(f"DELETE FROM {kind.table} WHERE {column} = ANY(:values)"), values)
                session.execute(sa.text(_made_anew(kind)), values)
        for part in buyers.SLICES:
            if values["values"] and part.changed == changed:
                for statement in _slices_anew(part):
                    session.execute(sa.text(statement), values)
        for part in buyers.LIKED:
            if values["values"] and part.changed == changed:
                session.execute(sa.text("DELETE FROM favourite_periods WHERE kind = :kind"), {"kind": part.name})
                session.execute(sa.text(favourites_added(buyers.favourites(str, parts=[part]))))
    changed = list(session.scalars(sa.text("DELETE FROM products_to_roll RETURNING product_id")))
    if changed:
        for statement in (_GOODS_GONE, _GOODS_ANEW):
            session.execute(sa.text(statement), {"products": changed})


def roll_all(session: Session) -> int:
    """Add every waiting receipt."""
    anew, added = make_anew(session) if far_behind(session) else 0, 0
    while rolled := roll(session):
        added += rolled
    if added:
        for table in (*(proof.table for proof in PROOFS), SPANS.table, "receipts_to_roll"):
            session.execute(sa.text(f"ANALYZE {table}"))
    return anew + added


def far_behind(session: Session) -> bool:
    """Whether many receipts wait, and more than the sums hold: then `make_anew` is quicker than to add them."""
    waits = session.execute(sa.text("SELECT count(*) FROM receipts_to_roll")).scalar_one()
    if waits < _MANY:
        return False
    return waits > session.execute(sa.text("SELECT coalesce(sum(receipts), 0) FROM store_days")).scalar_one()


def make_anew(session: Session) -> int:
    """Make every sum from all lines at once, sorted, instead of adding to it; gives how many receipts had waited.

    Each table is made beside the one that is kept, its indexes after its rows, and takes its place at the end: until
    the commit everybody reads what was there, and sales go on.
    """
    _hold(session)
    # A whole table is sorted once, in the order in which its rows are to lie.
    for setting in ("work_mem = '128MB'", "enable_hashagg = off"):
        session.execute(sa.text(f"SET LOCAL {setting}"))
    here = session.execute(sa.text("SELECT current_schema()")).scalar_one()
    session.execute(sa.text("CREATE SCHEMA sums_anew"))
    session.execute(sa.text(f"CREATE TEMPORARY TABLE lines AS {EVERY_LINE} WITH NO DATA"))
    session.execute(sa.text("DELETE FROM club_spans"))
    # In one statement, so that what it sees of receipts is what it takes from those that wait.
    rolled = session.execute(sa.text(_EVERYTHING)).scalar_one()
    session.execute(sa.text("ANALYZE lines, club_spans"))
    session.execute(sa.text(f"CREATE TEMPORARY TABLE summed AS {SUMMED}"))
    session.execute(sa.text("ANALYZE summed"))
    for proof in PROOFS:
        _make_beside(session, proof, here)
    session.execute(sa.text("DROP TABLE pg_temp.lines, pg_temp.summed"))
    _exchange(session, here)
    for statement in OF_SUMS:
        session.execute(statement)
    session.execute(sa.text("SET LOCAL enable_hashagg = on"))
    return rolled


def _make_beside(session: Session, proof: Proof, here: str) -> None:
    table = f"sums_anew.{proof.table}"
    session.execute(sa.text(f"CREATE TABLE {table} (LIKE {proof.table} INCLUDING ALL EXCLUDING INDEXES)"))
    session.execute(
        sa.text(f"""
        INSERT INTO {table} ({proof.insert}) SELECT {proof.insert} FROM ({proof.at_once or proof.sums}) AS anew
         ORDER BY {proof.order or proof.keys}
        """)
    )
    for index in session.execute(sa.text(_INDEXES), {"table": proof.table}):
        if index.is_key:
            session.execute(sa.text(f"ALTER TABLE {table} ADD CONSTRAINT {index.name} {index.key}"))
        else:
            session.execute(sa.text(index.made_by.replace(f" ON {here}.", " ON sums_anew.", 1)))
    session.execute(sa.text(f"ANALYZE {table}"))


def _exchange(session: Session, here: str) -> None:
    """Put what was made in the place of what was kept."""
    kept = ", ".join(proof.table for proof in PROOFS)
    for tried in range(_TRIES):
        try:
            with session.begin_nested():
                session.execute(sa.text(f"LOCK TABLE {kept} IN ACCESS EXCLUSIVE MODE"))
            break
        except OperationalError:  # a reader holds one and waits for another: let it go on, and try again
            if tried == _TRIES - 1:
                raise
    session.execute(sa.text(f"DROP TABLE {kept}"))
    for proof in PROOFS:
        session.execute(sa.text(f"ALTER TABLE sums_anew.{proof.table} SET SCHEMA {here}"))
    session.execute(sa.text("DROP SCHEMA sums_anew"))


def sum_again(session: Session, customer_ids: Sequence[int]) -> None:
    """Make the sums of these customers anew, since other receipts are theirs now than before: they became one, or two.

    What waits goes on waiting, and is added to whoever owns it then.
    """
    _hold(session)
    given = {"ids": list(customer_ids), "since": dt.date.min, "products": None}
    add(session, given, -1)
    favourites(session, customer_ids, -1)
    session.execute(sa.text(buyers.added(buyers.of_customers(-1))), given)
    for proof in PROOFS:
        if not proof.of_customers:
            continue
        session.execute(sa.text(f"DELETE FROM {proof.table} WHERE customer_id = ANY(:ids)"), given)
        session.execute(
            sa.text(f"""
            WITH lines AS MATERIALIZED ({ALL_LINES}{_FAMILY}), summed AS ({SUMMED})
            INSERT INTO {proof.table} ({proof.insert}) SELECT {proof.insert} FROM ({proof.sums}) AS anew
            """),
            given,
        )
    session.execute(sa.text(buyers.added(buyers.of_customers(1))), given)
    add(session, given, 1)
    favourites(session, customer_ids, 1)


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
    for proof in (SPANS, *PROOFS):
        row = session.execute(
            sa.text(f"""
            WITH lines AS MATERIALIZED ({ALL_LINES}), summed AS ({SUMMED}), proved AS ({proof.sums} {proof.where}),
                 kept AS (SELECT * FROM {proof.table} {proof.where})
            SELECT to_jsonb(kept) AS kept, to_jsonb(proved) AS proved FROM kept FULL JOIN proved USING ({proof.keys})
             WHERE to_jsonb(kept) IS DISTINCT FROM to_jsonb(proved) LIMIT 1
            """)
        ).one_or_none()
        if row is not None:
            return Wrong(proof.table, row.kept, row.proved)
    return None
