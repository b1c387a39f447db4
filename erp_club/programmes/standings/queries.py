"""Whose levels are looked at, and what is known of them."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from erp_club.clubs.earning.queries import rules_in_force
from erp_club.clubs.levels.models import LevelChange, LevelOverride
from erp_club.clubs.models import Club
from erp_club.clubs.periods import Span
from erp_club.customers.models import Customer
from erp_club.points.sets.commands import Key
from erp_club.programmes.documents import programme_of
from erp_club.programmes.engine.climb import Override
from erp_club.programmes.engine.levels import Levels
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.events.models import EventGain

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A membership whose level is looked at; `term` is the period of it that holds the day, or the last before it."""

    customer_id: int
    membership_id: int
    club_id: int
    account: Key
    joined_on: dt.date
    birthday: dt.date | None
    receipts: int
    rules_no: int
    programme: Programme
    levels: Levels
    term: Span | None

    @property
    def key(self) -> Key:
        """The membership."""
        return self.customer_id, self.membership_id


_CANDIDATES = sa.text("""
    SELECT m.customer_id, m.id, m.club_id, m.points_holder_id, m.points_account_id, m.joined_on, p.birthday,
           (SELECT count(*) FROM receipts r WHERE r.customer_id = m.customer_id), rules.version_no,
           CAST(rules.document AS text), term.first, term.after
      FROM memberships m
      JOIN customers p ON p.id = m.customer_id AND p.merged_into IS NULL
      JOIN clubs c ON c.id = m.club_id AND c.state = 'published'
      JOIN LATERAL (
          SELECT r.version_no, r.document FROM club_rules r
           WHERE r.club_id = c.id AND r.effective_from <= :on
           ORDER BY r.effective_from DESC, r.version_no DESC LIMIT 1
      ) rules ON rules.document -> 'programme' ? 'levels'
      LEFT JOIN LATERAL (
          SELECT lower(t.validity) AS first, upper(t.validity) AS after FROM membership_periods t
           WHERE t.customer_id = m.customer_id AND t.membership_id = m.id
             AND NOT isempty(t.validity) AND lower(t.validity) <= :on
           ORDER BY lower(t.validity) DESC LIMIT 1
      ) term ON true
     WHERE m.points_account_id = ANY(:accounts) AND m.state <> 'ended'
     ORDER BY m.customer_id, m.id
""")
_DUE_ROWS = """
      FROM memberships m
      JOIN clubs c ON c.id = m.club_id AND c.state = 'published'
      JOIN LATERAL (
          SELECT r.version_no, r.document FROM club_rules r
           WHERE r.club_id = c.id AND r.effective_from <= :on
           ORDER BY r.effective_from DESC, r.version_no DESC LIMIT 1
      ) rules ON rules.document -> 'programme' ? 'levels'
      LEFT JOIN membership_levels l ON l.customer_id = m.customer_id AND l.membership_id = m.id
     WHERE m.state <> 'ended' AND (m.customer_id, m.id) > (:customer, :membership)
       AND m.customer_id NOT IN (SELECT id FROM customers WHERE merged_into IS NOT NULL)
       AND (l.level IS NULL OR l.due_on <= :on OR l.rules_no <> rules.version_no
            OR l.receipts <> (SELECT count(*) FROM receipts r WHERE r.customer_id = m.customer_id))
"""
_DUE = sa.text(
    f"SELECT m.customer_id, m.id, m.points_holder_id, m.points_account_id {_DUE_ROWS} ORDER BY 1, 2 LIMIT :most"
)
_COUNT_DUE = sa.text(f"SELECT count(*) {_DUE_ROWS}")
# With what came to accounts that these are the heirs of, and by receipts of whoever became these customers.
_POINTS = sa.text("""
    WITH RECURSIVE held AS (
        SELECT w.holder, w.account, w.holder AS of_holder, w.account AS of_account
          FROM unnest(CAST(:holders AS bigint[]), CAST(:accounts AS bigint[])) AS w(holder, account)
        UNION
        SELECT held.holder, held.account, a.customer_id, a.id
          FROM held JOIN points_accounts a ON a.heir_id = held.of_account
    )
    SELECT h.holder, h.account, v.receipt_id, v.on_date, sum(v.points)
      FROM held h JOIN points_movements v ON v.customer_id = h.of_holder AND v.account_id = h.of_account
     WHERE v.kind IN ('earned', 'event')
     GROUP BY h.holder, h.account, v.receipt_id, v.on_date
    UNION ALL
    SELECT h.holder, h.account, NULL, e.on_date, v.points
      FROM held h JOIN points_movements v ON v.customer_id = h.of_holder AND v.account_id = h.of_account
      JOIN points_movements e
        ON e.customer_id = v.customer_id AND e.account_id = v.account_id AND e.seq = v.reverses_seq
     WHERE v.kind = 'returned' AND e.kind = 'event'
    UNION ALL
    SELECT h.holder, h.account, b.receipt_id, NULL, -b.settled
      FROM held h JOIN receipt_return_points b ON b.holder_id = h.of_holder AND b.account_id = h.of_account
     WHERE b.settled > 0 AND b.customer_id IN (
               SELECT id FROM customers WHERE id = ANY(:customers)
               UNION ALL SELECT id FROM customers WHERE merged_into = ANY(:customers))
""")


def candidates(session: Session, accounts: Sequence[Key], *, on: dt.date) -> list[Candidate]:
    """The memberships on these accounts whose clubs have levels on the day, by customer and membership."""
    rows = session.execute(_CANDIDATES, {"accounts": [account for _, account in accounts], "on": on})
    made: list[Candidate] = []
    for customer, membership, club, holder, account, joined, born, receipts, rules_no, document, first, after in rows:
        programme = programme_of(document)
        if programme is not None and programme.levels is not None:
            term = None if first is None else Span(first, None if after is None else after - DAY)
            known = (customer, membership, club, (holder, account), joined, born, receipts, rules_no)
            made.append(Candidate(*known, programme=programme, levels=programme.levels, term=term))
    return made


def programmes_with_levels(session: Session, *, on: dt.date) -> dict[int, Programme]:
    """The programmes of clubs that have levels on the day, by club."""
    rules = rules_in_force(sa.literal(on, sa.Date))
    rows = session.execute(
        sa.select(Club.id, rules.c.document)
        .join(rules, sa.true())
        .where(sa.cast(sa.cast(rules.c.document, JSONB)["programme"]["levels"], sa.Text) != "null")
    )
    read = ((club_id, programme_of(document)) for club_id, document in rows)
    return {club_id: found for club_id, found in read if found is not None and found.levels is not None}


def due(session: Session, *, on: dt.date, after: Key | None, limit: int) -> list[tuple[Key, Key]]:
    """The next memberships, each with its account, whose level isn't known for the day, or may change on it."""
    customer, membership = after or (0, 0)
    bound = {"on": on, "customer": customer, "membership": membership, "most": limit}
    return [((row[0], row[1]), (row[2], row[3])) for row in session.execute(_DUE, bound)]


def count_due(session: Session, *, on: dt.date) -> int:
    """How many a run for this day would look at."""
    return session.execute(_COUNT_DUE, {"on": on, "customer": 0, "membership": 0}).scalar_one()


def overrides(session: Session, members: Sequence[Candidate]) -> dict[Key, list[Override]]:
    """Levels given by hand or paid for that held or will hold, by membership, the latest first."""
    rows = session.execute(
        sa.select(LevelOverride)
        .where(LevelOverride.customer_id.in_([each.customer_id for each in members]))
        .order_by(LevelOverride.customer_id, LevelOverride.membership_id, LevelOverride.override_no.desc())
    ).scalars()
    made: dict[Key, list[Override]] = {}
    for row in rows:
        if row.last is None or row.last >= row.first:
            override = Override(row.level, row.first, row.last, row.reason, row.paid)
            made.setdefault((row.customer_id, row.membership_id), []).append(override)
    return made


def counted_events(session: Session, customers: Collection[int]) -> dict[Key, list[tuple[dt.date, str, int]]]:
    """What events were counted on counters of clubs, by customer and club: day, rule and how much."""
    gain = EventGain
    rows = session.execute(
        sa.select(
            sa.func.coalesce(Customer.merged_into, Customer.id), gain.club_id, gain.on_date, gain.rule, gain.points
        )
        .join(Customer, Customer.id == gain.customer_id)
        .where(sa.func.coalesce(Customer.merged_into, Customer.id).in_(customers), gain.points > 0, gain.seq.is_(None))
    )
    found: dict[Key, list[tuple[dt.date, str, int]]] = defaultdict(list)
    for customer_id, club_id, on, rule, points in rows:
        found[customer_id, club_id].append((on, rule, points))
    return found


@dataclass(frozen=True, slots=True)
class PointsIn:
    """What came to an account: by receipt, and by day what came without one."""

    by_receipt: Mapping[int, int]
    by_day: Mapping[dt.date, int]


def points_in(session: Session, members: Sequence[Candidate]) -> dict[Key, PointsIn]:
    """Points that were earned on the accounts of these members, less those taken back with goods."""
    return points_of(session, [each.account for each in members], [each.customer_id for each in members])


def points_of(session: Session, accounts: Sequence[Key], customers: Sequence[int]) -> dict[Key, PointsIn]:
    """The same for accounts and those who share them."""
    bound = {
        "holders": [holder for holder, _ in accounts],
        "accounts": [account for _, account in accounts],
        "customers": list(customers),
    }
    by_receipt: dict[Key, dict[int, int]] = {each: {} for each in accounts}
    by_day: dict[Key, dict[dt.date, int]] = {each: {} for each in accounts}
    for holder, account, receipt, on, points in session.execute(_POINTS, bound):
        key = holder, account
        if receipt is not None:
            by_receipt[key][receipt] = by_receipt[key].get(receipt, 0) + int(points)
        else:
            by_day[key][on] = by_day[key].get(on, 0) + int(points)
    return {key: PointsIn(by_receipt[key], by_day[key]) for key in by_receipt}


def changes_since(session: Session, key: Key, first: dt.date) -> list[LevelChange]:
    """How the level of a membership changed from a day on, the last change first."""
    customer_id, membership_id = key
    mine = (LevelChange.customer_id == customer_id) & (LevelChange.membership_id == membership_id)
    rows = sa.select(LevelChange).where(mine, LevelChange.on_date >= first)
    return list(session.scalars(rows.order_by(LevelChange.change_no.desc())))
