"""Past receipts as a programme is told of them: one pass with a cursor of the server, products once."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.relatives.queries import CHILDREN
from erp_club.programmes.engine.facts import Bought, Purchase, Tender
from erp_club.programmes.past.purchase import Past
from erp_club.promotions.engine.units import UNTOUCHED, touched

PORTION = 1_000
"""Receipts between two words about progress."""


@dataclass(frozen=True, slots=True)
class Shared:
    """An account that several persons share, and since when its main member is one."""

    holder_id: int
    account_id: int
    joined_on: dt.date


def shared_accounts(session: Session, club_id: int, customers: Collection[int] | None = None) -> dict[int, Shared]:
    """By person, the account of the club that they share with others: all such, or those of these customers."""
    rows = session.execute(_SHARED, {"club": club_id, "customers": None if customers is None else list(customers)})
    return {row[0]: Shared(*row[1:]) for row in rows}


def past_receipts(session: Session, club_id: int | None) -> tuple[int, Iterator[Past]]:
    """How many there are, and the receipts by customer in the order of time; of a club, those of its members' days."""
    found = _OF_ALL if club_id is None else _OF_CLUB
    bound = {} if club_id is None else {"club": club_id}
    total = session.scalar(sa.text(f"SELECT count(*) {found}"), bound) or 0
    return total, _read(session, found, bound, session.execute(_PRODUCTS))


def receipts_of(
    session: Session, club_id: int | None, customers: Collection[int], *, days: tuple[dt.date, dt.date] | None = None
) -> dict[int, list[Past]]:
    """The receipts of these members on days that the club held them, in the order of time, by customer; those too that
    were registered for them afterwards, where the club takes such.

    Without a club all of theirs; of `days` alone, from the first to the last, where these are said. Products are read
    for these receipts alone.
    """
    bound: dict[str, Any] = {"customers": list(customers)} | ({} if club_id is None else {"club": club_id})
    found = f"{_OF_ALL if club_id is None else _OF_CLUB} AND r.customer_id IN ({_FAMILIES})"
    goods = _PRODUCTS_OF
    if days is not None:
        bound |= {"first": days[0], "last": days[1]}
        found += " AND r.sold_on BETWEEN :first AND :last"
        goods = _PRODUCTS_OF_DAYS
    made: dict[int, list[Past]] = {each: [] for each in customers}
    late = "" if club_id is None else _OF_LATE + (" AND r.sold_on BETWEEN :first AND :last" if days else "")
    for past in _read(session, found, bound, session.execute(goods, bound), late=late):
        made[past.customer_id].append(past)
    return made


def receipt_as_sold(session: Session, customer_id: int, receipt_id: int) -> Past:
    """One receipt, whoever bought."""
    bound = {"customer": customer_id, "receipt": receipt_id}
    (found,) = _read(session, _OF_ONE, bound, session.execute(_PRODUCTS_OF_ONE, bound))
    return found


def receipts_between(
    session: Session, club_id: int | None, first: dt.date, last: dt.date, *, most: int
) -> tuple[int, list[Past]]:
    """How many receipts the days hold (both included), and those of so many customers that they are about `most`.

    Of a club, those of its members' days; by customer in the order of time. The customers are the same each time.
    """
    found = (_OF_ALL if club_id is None else _OF_CLUB) + " AND r.sold_on BETWEEN :first AND :last"
    bound: dict[str, Any] = {"first": first, "last": last} | ({} if club_id is None else {"club": club_id})
    total = session.scalar(sa.text(f"SELECT count(*) {found}"), bound) or 0
    if total > most:
        found += " AND abs(hashint8(coalesce(c.merged_into, c.id))::bigint) % :apart = 0"
        bound["apart"] = -(-total // most)
    each = "SELECT unnest(ARRAY(SELECT l.product_id FROM receipt_lines l WHERE l.customer_id = r.customer_id"
    goods = f"{_GOODS} WHERE p.id IN ({each} AND l.receipt_id = r.id)) {found})"
    return total, list(_read(session, found, bound, session.execute(sa.text(goods), bound)))


def customers_segments(session: Session, customers: Collection[int] | None = None) -> dict[int, frozenset[str]]:
    """The names of the segments that each customer, or each of these, is in today."""
    bound = {"customers": None if customers is None else list(customers)}
    return {row[0]: frozenset(row[1]) for row in session.execute(_SEGMENTS, bound)}


_SHARED = sa.text("""
    SELECT m.customer_id, m.points_holder_id, m.points_account_id, h.joined_on
      FROM memberships m
      JOIN memberships h ON h.customer_id = m.points_holder_id AND h.points_account_id = m.points_account_id
       AND h.club_id = m.club_id
     WHERE m.club_id = :club
       AND (m.points_holder_id, m.points_account_id) IN (
         SELECT o.points_holder_id, o.points_account_id FROM memberships o
          WHERE o.club_id = :club AND o.customer_id <> o.points_holder_id
            AND (CAST(:customers AS bigint[]) IS NULL OR EXISTS (
              SELECT FROM memberships w WHERE w.customer_id = ANY(:customers) AND w.club_id = :club
                 AND (w.points_holder_id, w.points_account_id) = (o.points_holder_id, o.points_account_id))))
""")
_SEGMENTS = sa.text("""
    SELECT i.customer_id, array_agg(s.name)
      FROM segment_customers i JOIN segments s ON s.id = i.segment_id AND s.state = 'active'
     WHERE CAST(:customers AS bigint[]) IS NULL OR i.customer_id = ANY(:customers)
     GROUP BY i.customer_id
""")
_GOODS = """
    SELECT p.id, p.sku, g.name, d.name, b.name, p.kind, p.earns_points
      FROM products p
      LEFT JOIN product_groups g ON g.id = p.group_id
      LEFT JOIN departments d ON d.id = p.department_id
      LEFT JOIN brands b ON b.id = p.brand_id
"""
_PRODUCTS = sa.text(_GOODS)
# Receipts stay under whom they were sold to, and count for whom those became.
_FAMILIES = (
    "SELECT id FROM customers WHERE id = ANY(:customers) UNION ALL "
    "SELECT id FROM customers WHERE merged_into = ANY(:customers)"
)
_LATE_GOODS = f"""
    UNION ALL SELECT l.product_id FROM late_registrations g
                JOIN receipt_lines l ON l.customer_id = g.customer_id AND l.receipt_id = g.receipt_id
               WHERE g.member_id IN ({_FAMILIES})
"""  # noqa: S608 - ours
_THESE = f"""
    WHERE p.id IN (SELECT l.product_id FROM receipt_lines l WHERE l.customer_id IN ({_FAMILIES}) {_LATE_GOODS})
"""  # noqa: S608 - ours
_PRODUCTS_OF = sa.text(f"{_GOODS} {_THESE}")
_OF_DAYS = f"""
    WHERE p.id IN (
        SELECT l.product_id FROM receipts r
          JOIN receipt_lines l ON l.customer_id = r.customer_id AND l.receipt_id = r.id
         WHERE r.customer_id IN ({_FAMILIES}) AND r.sold_on BETWEEN :first AND :last {_LATE_GOODS})
"""  # noqa: S608 - ours
_PRODUCTS_OF_DAYS = sa.text(f"{_GOODS} {_OF_DAYS}")
_PRODUCTS_OF_ONE = sa.text(
    f"{_GOODS} WHERE p.id IN (SELECT l.product_id FROM receipt_lines l"  # noqa: S608 - ours
    " WHERE l.customer_id = :customer AND l.receipt_id = :receipt)"
)
_OF_ONE = """
      FROM receipts r
      JOIN stores s ON s.id = r.store_id
      JOIN customers c ON c.id = r.customer_id
      CROSS JOIN (SELECT NULL::date AS joined_on) m
     WHERE r.customer_id = :customer AND r.id = :receipt
"""
_OF_ALL = """
      FROM receipts r
      JOIN stores s ON s.id = r.store_id
      JOIN customers c ON c.id = r.customer_id
      CROSS JOIN (SELECT NULL::date AS joined_on) m
     WHERE r.customer_id <> 0
"""
# IS TRUE keeps the search from the index of periods, which for each receipt would find all who were members that day.
_OF_CLUB = """
      FROM receipts r
      JOIN stores s ON s.id = r.store_id
      JOIN customers c ON c.id = r.customer_id
      JOIN memberships m ON m.customer_id = coalesce(c.merged_into, c.id) AND m.club_id = :club
     WHERE r.customer_id <> 0
       AND EXISTS (
         SELECT FROM membership_periods p
          WHERE p.customer_id = m.customer_id AND p.membership_id = m.id AND (p.validity @> r.sold_on) IS TRUE
       )
"""
# A receipt of nobody stays nobody's; it, and what came back of it, counts for whom it was registered.
_OF_LATE = f"""
      FROM (SELECT l.member_id, l.customer_id, l.receipt_id FROM late_registrations l
            UNION ALL
            SELECT l.member_id, t.customer_id, t.receipt_id FROM late_registrations l
              JOIN receipt_returns t ON t.customer_id = l.customer_id AND t.original_receipt_id = l.receipt_id) g
      JOIN receipts r ON r.customer_id = g.customer_id AND r.id = g.receipt_id
      JOIN stores s ON s.id = r.store_id
      JOIN customers c ON c.id = g.member_id
      JOIN memberships m ON m.customer_id = coalesce(c.merged_into, c.id) AND m.club_id = :club
     WHERE g.member_id IN ({_FAMILIES})
       AND EXISTS (
         SELECT FROM membership_periods p
          WHERE p.customer_id = m.customer_id AND p.membership_id = m.id AND (p.validity @> r.sold_on) IS TRUE
       )
       AND EXISTS (
         SELECT FROM programme_versions v
          WHERE v.club_id = m.club_id AND v.document #> '{{earning,late,days}}' IS NOT NULL
       )
"""  # noqa: S608 - ours
# As the engine has it (`promotions.engine.units.touched`); parts that come back may have lost a minor unit to rounding.
FREE = """
    CASE WHEN l.list_minor <> 0 AND abs(l.amount_minor) >= abs(l.list_minor) THEN 0 ELSE sign(l.quantity_milli) * least(
        abs(l.quantity_milli), coalesce((
            SELECT sum(CASE WHEN l.list_minor = 0 THEN abs(d.units_milli)
                            ELSE greatest(abs(d.units_milli), d.amount_minor * l.quantity_milli / l.list_minor) END)
              FROM receipt_discounts d
              JOIN receipt_offers f
                ON f.customer_id = d.customer_id AND f.receipt_id = d.receipt_id AND f.offer_id = d.offer_id
              LEFT JOIN offer_versions v
                ON f.points_used > 0 AND v.offer_id = f.offer_id AND v.version_no = f.version_no
             WHERE d.customer_id = l.customer_id AND d.receipt_id = l.receipt_id AND d.line_no = l.line_no
               AND (abs(d.amount_minor) + CASE WHEN l.quantity_milli < 0 THEN 1 ELSE 0 END) * abs(l.quantity_milli)
                   >= abs(l.list_minor) * abs(d.units_milli)
               AND (v.document -> 'rewards' @> '[{"kind": "redeem"}]') IS NOT TRUE
        ), 0)) END
"""
"""How many thousandths of a receipt's line `l` were had for nothing."""
_COLUMNS = f"""
    SELECT r.id, coalesce(c.merged_into, c.id) AS customer_id, m.joined_on, c.birthday,
           {CHILDREN.format(who="coalesce(c.merged_into, c.id)")} AS children,
           r.sold_at, (r.sold_at AT TIME ZONE s.time_zone) AS at, s.code, s.channel,
           (SELECT t.original_receipt_id FROM receipt_returns t
             WHERE t.customer_id = r.customer_id AND t.receipt_id = r.id) AS original_id,
           (SELECT array_agg(ARRAY[l.line_no, l.product_id, l.quantity_milli, l.list_minor, l.amount_minor,
                                   coalesce(l.regular_minor, l.list_minor), t.original_line_no, l.vat_bp]
                             ORDER BY l.line_no)
              FROM receipt_lines l
              LEFT JOIN receipt_return_lines t
                ON t.customer_id = l.customer_id AND t.receipt_id = l.receipt_id AND t.line_no = l.line_no
             WHERE l.customer_id = r.customer_id AND l.receipt_id = r.id) AS lines,
           (SELECT array_agg(l.price_list ORDER BY l.line_no) FROM receipt_lines l
             WHERE l.customer_id = r.customer_id AND l.receipt_id = r.id) AS lists,
           (SELECT array_agg(coalesce(p.called, p.means) ORDER BY p.payment_no) FROM receipt_payments p
             WHERE p.customer_id = r.customer_id AND p.receipt_id = r.id) AS means,
           (SELECT array_agg(p.amount_minor ORDER BY p.payment_no) FROM receipt_payments p
             WHERE p.customer_id = r.customer_id AND p.receipt_id = r.id) AS amounts,
           (SELECT sum(o.points_used) FROM receipt_offers o
             WHERE o.customer_id = r.customer_id AND o.receipt_id = r.id) AS points_used,
           (SELECT array_agg(ARRAY[d.line_no, d.amount_minor, d.units_milli,
                                   CASE WHEN o.points_used > 0 AND v.document -> 'rewards' @> '[{{"kind": "redeem"}}]'
                                        THEN 1
                                        WHEN v.document #>> '{{combination,untouched}}' = 'true' THEN 2 ELSE 0 END])
              FROM receipt_discounts d
              JOIN receipt_offers o
                ON o.customer_id = d.customer_id AND o.receipt_id = d.receipt_id AND o.offer_id = d.offer_id
              LEFT JOIN offer_versions v ON v.offer_id = o.offer_id AND v.version_no = o.version_no
             WHERE d.customer_id = r.customer_id AND d.receipt_id = r.id) AS taken
"""  # noqa: S608 - ours


_BY_POINTS, _OF_UNTOUCHED = 1, 2
"""What took something off a line: points as money, and an offer for untouched units; 0 is any other."""


def _read(
    session: Session, found: str, bound: dict[str, Any], products: Iterable[Sequence[Any]], *, late: str = ""
) -> Iterator[Past]:
    goods = {row[0]: tuple(row[1:]) for row in products}
    every = f"{_COLUMNS} {found}" + (f" UNION ALL {_COLUMNS} {late}" if late else "")
    statement = f"SELECT * FROM ({every}) every ORDER BY customer_id, sold_at, id"  # noqa: S608 - ours
    options = {"stream_results": True, "yield_per": PORTION}
    for row in session.connection().execute(sa.text(statement), bound, execution_options=options):
        lines = row.lines or ()
        points: dict[int, int] = {}
        taken: dict[int, list[tuple[int, int]]] = {}
        own: dict[int, list[tuple[int, int]]] = {}
        for line_no, amount, units, what in row.taken or ():
            if what == _BY_POINTS:
                points[line_no] = points.get(line_no, 0) + amount
            else:
                (own if what == _OF_UNTOUCHED else taken).setdefault(line_no, []).append((amount, units))
        bought = tuple(
            _line(goods[each[1]], each, name, points.get(each[0], 0), taken.get(each[0], ()), own.get(each[0], ()))
            for each, name in zip(lines, row.lists or (), strict=True)
        )
        tenders = tuple(
            Tender(means, amount) for means, amount in zip(row.means or (), row.amounts or (), strict=True) if amount
        )
        purchase = Purchase(
            row.at, bought, tenders, store=row.code, channel=row.channel, id=str(row.id),
            uses_points=bool(row.points_used),
        )  # fmt: skip
        original = tuple(each[6] for each in lines)
        yield Past(
            row.id, row.customer_id, row.joined_on, row.birthday, tuple(row.children), purchase, row.original_id,
            original,
        )  # fmt: skip


def _line(
    product: tuple[Any, ...],
    line: list[Any],
    price_list: str | None,
    points_minor: int,
    taken: Sequence[tuple[int, int]],
    own: Sequence[tuple[int, int]],
) -> Bought:
    """As the engine has it: what offers for untouched units, the `own` ones, took off touches nothing."""
    sku, group, department, brand, kind, earns = product
    number, _, milli, list_minor, paid, regular, _, vat_bp = line
    seen = touched(milli, list_minor, taken) if milli > 0 and taken else UNTOUCHED
    free = touched(milli, list_minor, (*taken, *own)).free_milli if milli > 0 and own else seen.free_milli
    off = points_minor + sum(amount for amount, _ in own)
    return Bought(
        str(number), sku, paid, milli, group, department, brand, kind, list_minor, price_list or "",
        reduced=abs(list_minor) < abs(regular), promoted=abs(paid) + abs(off) < abs(list_minor),
        earns=earns or kind != "goods", points_minor=points_minor, vat_bp=vat_bp,
        touched_milli=seen.milli, free_milli=free,
    )  # fmt: skip
