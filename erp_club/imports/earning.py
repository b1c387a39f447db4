"""Points for imported purchases: by the club's programme of the day, else its rate, for who was a member on the day."""

import dataclasses
import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.earning.queries import rules_in_force, rules_on
from erp_club.clubs.kinds import ClubState
from erp_club.clubs.models import Club
from erp_club.imports import staging
from erp_club.imports.staging import number, run
from erp_club.kernel.errors import Conflict, NotFound
from erp_club.kernel.text import T
from erp_club.points.rules import Bucket, bucket, idle_last_day
from erp_club.programmes.documents import level_in, programme_of
from erp_club.programmes.engine.earn import earn as earned_by
from erp_club.programmes.engine.facts import MemberFacts
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.past.purchase import Past
from erp_club.programmes.past.queries import customers_segments, receipts_of, shared_accounts
from erp_club.programmes.past.seen import as_seen, asked_from

# As points/rules.py has it, so that a file earns what a till would have given: rounded down once a receipt.
_POINTS = "(div(sum(l.amount_minor), c.earn_per_minor) * c.earn_points)::bigint"


def published(session: Session, codes: tuple[str, ...]) -> list[int]:
    """The clubs' ids. Raises NotFound for a code nobody knows, Conflict for a club that isn't published."""
    found: list[int] = []
    for code in codes:
        club = session.scalar(sa.select(Club).where(Club.code == code))
        if club is None:
            raise NotFound(T("There is no club with the code %(code)s.", code=code), code="club-unknown")
        if club.state != ClubState.PUBLISHED:
            raise Conflict(
                T("The club %(code)s isn't published, so it gives no points.", code=code), code="club-not-published"
            )
        found.append(club.id)
    return found


def earn(session: Session, clubs: list[int]) -> int:
    """Give the points of `new_receipts` to the members of these clubs, in the order of the sales; gives their sum.

    They carry the terms that the club's rules had on the day of the sale. The accounts stay locked to the end of the
    transaction: a till that sells to the same member waits.
    """
    _gather(session, clubs)
    _bucket(session)
    run(
        session,
        """
        SELECT FROM points_accounts a
         WHERE (a.customer_id, a.id) IN (SELECT holder_id, account_id FROM earned)
         ORDER BY a.id FOR NO KEY UPDATE
        """,
    )
    _number(session)
    _fill_lots(session)
    _write(session)
    return number(session, "SELECT sum(points) FROM earned")


def _gather(session: Session, clubs: list[int]) -> None:
    staging.create(
        session,
        "earned",
        "customer_id bigint, holder_id bigint, account_id bigint, club_id integer, joined_on date, receipt_id bigint, "
        "store_id integer, sold_at timestamptz, sold_on date, points bigint, level text",
    )
    run(
        session,
        f"""
        INSERT INTO earned
        SELECT r.customer_id, m.points_holder_id, m.points_account_id, c.id, m.joined_on, r.id, r.store_id, r.sold_at,
               r.sold_on, {_POINTS}, ''
          FROM new_receipts r
          JOIN memberships m ON m.customer_id = r.customer_id AND m.club_id = ANY(:clubs)
          JOIN clubs c ON c.id = m.club_id
          JOIN receipt_lines l ON (l.customer_id, l.receipt_id) = (r.customer_id, r.id)
          JOIN products p ON p.id = l.product_id AND p.earns_points
         WHERE EXISTS (SELECT FROM membership_periods v WHERE v.validity @> r.sold_on
                       AND (v.customer_id, v.membership_id) = (m.customer_id, m.id))
         GROUP BY r.customer_id, m.points_holder_id, m.points_account_id, r.id, r.store_id, r.sold_at, r.sold_on, c.id,
                  m.joined_on
        HAVING {_POINTS} > 0
        """,
        {"clubs": clubs},
    )
    for club_id in clubs:
        _gather_by_programme(session, club_id)
    run(session, "ANALYZE earned")


MEMBERS = 500
"""Members whose receipts are read at once."""


def _gather_by_programme(session: Session, club_id: int) -> None:
    """In place of the rate: what the programme that held on the day of each sale gives, as at a till."""
    documents = _documents(session, club_id)
    days = [day for day, each in documents.items() if _rules_of(each) is not None]
    if not days:
        return
    run(session, "DELETE FROM earned WHERE club_id = :club AND sold_on = ANY(:days)", {"club": club_id, "days": days})
    members = session.execute(
        sa.text("""
        SELECT DISTINCT m.customer_id, m.points_holder_id, m.points_account_id, m.joined_on, l.level
          FROM new_receipts r
          JOIN memberships m ON m.customer_id = r.customer_id AND m.club_id = :club
          LEFT JOIN membership_levels l ON (l.customer_id, l.membership_id) = (m.customer_id, m.id)
         ORDER BY 1
        """),
        {"club": club_id},
    ).all()
    staging.create(
        session,
        "reckoned",
        "receipt_id bigint, holder_id bigint, account_id bigint, joined_on date, points bigint, level text",
    )
    for first in range(0, len(members), MEMBERS):
        some = {each[0]: each for each in members[first : first + MEMBERS]}
        rows = list(_reckoned(session, club_id, documents, some))
        staging.copy(
            session, "reckoned", ["receipt_id", "holder_id", "account_id", "joined_on", "points", "level"], rows
        )
    run(
        session,
        """
        INSERT INTO earned
        SELECT r.customer_id, e.holder_id, e.account_id, :club, e.joined_on, r.id, r.store_id, r.sold_at, r.sold_on,
               e.points, e.level
          FROM reckoned e JOIN new_receipts r ON r.id = e.receipt_id
        """,
        {"club": club_id},
    )


def _documents(session: Session, club_id: int) -> Mapping[dt.date, str]:
    """The rules of the club on each day of the new receipts, as JSON text."""
    made: dict[dt.date, str] = {}
    for day in session.scalars(sa.text("SELECT DISTINCT sold_on FROM new_receipts")).all():
        rules = rules_in_force(sa.literal(day, sa.Date()))
        asked = sa.select(rules.c.document).select_from(Club).outerjoin(rules, sa.true()).where(Club.id == club_id)
        made[day] = session.execute(asked).scalar_one() or "{}"
    return made


def _rules_of(document: str) -> Programme | None:
    programme = programme_of(document)
    return None if programme is None or not programme.earning.rules else programme


def _reckoned(
    session: Session, club_id: int, documents: Mapping[dt.date, str], members: Mapping[int, Any]
) -> Iterator[tuple[object, ...]]:
    """What each new receipt of these members earns; levels and segments are those of today."""
    customers = list(members)
    new = set(
        session.scalars(
            sa.text("SELECT id FROM new_receipts WHERE customer_id = ANY(:customers)"), {"customers": customers}
        )
    )
    segments = customers_segments(session, customers)
    receipts, others = _with_others(session, club_id, customers)
    for customer in customers:
        past = receipts[customer]
        _, holder, account, joined_on, level = members[customer]
        for place, each in enumerate(past):
            programme = _rules_of(documents.get(each.purchase.on, "{}")) if each.id in new else None
            if programme is None or each.purchase.total_minor < 0:
                continue
            known = MemberFacts(
                joined_on=joined_on,
                level=level_in(documents[each.purchase.on], level),
                birthday=each.birthday,
                segments=segments.get(customer, frozenset()),
                purchases=place,
                children=each.children,
            )
            first = asked_from(programme, each.purchase.on, joined_on)
            if first is not None:
                told = (one for each_other in others.get(customer, ()) for one in receipts[each_other])
                mixed = sorted((*past[:place], *(one for one in told if _when(one) < _when(each))), key=_when)
                before = [one for one in mixed if one.purchase.on >= first]
                known = as_seen(programme, before, known, each.purchase.on, customer_id=customer)
            points = earned_by(programme, each.purchase, known).points
            if points:
                yield each.id, holder, account, joined_on, points, level or ""


def _with_others(
    session: Session, club_id: int, customers: Sequence[int]
) -> tuple[dict[int, list[Past]], dict[int, list[int]]]:
    """The receipts of these members and of whoever shares their accounts, and who those are, by member."""
    shared = shared_accounts(session, club_id, customers)
    persons: dict[int, list[int]] = defaultdict(list)
    for person, account in shared.items():
        persons[account.account_id].append(person)
    others = {
        customer: [each for each in persons[shared[customer].account_id] if each != customer]
        for customer in customers
        if customer in shared
    }
    return receipts_of(session, club_id, {*customers, *shared}), others


def _when(past: Past) -> tuple[dt.datetime, int]:
    return past.purchase.at, past.id


def _bucket(session: Session) -> None:
    """The lot of each club, day and day of joining: the same function says it as for a sale at a till."""
    staging.create(
        session,
        "buckets",
        "club_id integer, sold_on date, joined_on date, level text, available_on date, last_day date, "
        "rule_version integer, earned_month date, waits_for text, idle_last_day date",
    )
    asked = "SELECT DISTINCT club_id, sold_on, joined_on, level FROM earned ORDER BY 1, 2, 3, 4"
    days = session.execute(sa.text(asked)).all()
    made: list[tuple[object, ...]] = []
    for (club_id, sold_on), members in itertools.groupby(days, lambda row: (row.club_id, row.sold_on)):
        terms = rules_on(session, club_id, on=sold_on).terms
        idle = idle_last_day(terms.expiry, sold_on)
        for _, _, joined_on, level in members:
            lot = bucket(terms.on_level(level), sold_on, joined_on=joined_on)
            made.append((club_id, sold_on, joined_on, level, *dataclasses.astuple(lot), idle))
    columns = [field.name for field in dataclasses.fields(Bucket)]
    staging.copy(session, "buckets", ["club_id", "sold_on", "joined_on", "level", *columns, "idle_last_day"], made)
    run(session, "ANALYZE buckets")


def _number(session: Session) -> None:
    """Each movement with its number, its balance, and what of it pays a debt."""
    staging.create(
        session,
        "numbered",
        "customer_id bigint, holder_id bigint, account_id bigint, seq bigint, points bigint, balance_after bigint, "
        "repaid bigint, sold_at timestamptz, sold_on date, receipt_id bigint, store_id integer, available_on date, "
        "last_day date, rule_version integer, earned_month date, waits_for text, idle_last_day date",
    )
    run(
        session,
        """
        INSERT INTO numbered
        SELECT e.customer_id, e.holder_id, e.account_id, a.last_seq + row_number() OVER in_time, e.points,
               a.balance + sum(e.points) OVER in_time,
               least(a.debt, sum(e.points) OVER in_time) - least(a.debt, sum(e.points) OVER in_time - e.points),
               e.sold_at, e.sold_on, e.receipt_id, e.store_id, b.available_on, b.last_day, b.rule_version,
               b.earned_month, b.waits_for, b.idle_last_day
          FROM earned e
          JOIN points_accounts a ON (a.customer_id, a.id) = (e.holder_id, e.account_id)
          JOIN buckets b USING (club_id, sold_on, joined_on, level)
        WINDOW in_time AS (PARTITION BY e.holder_id, e.account_id ORDER BY e.sold_at, e.receipt_id
                           ROWS UNBOUNDED PRECEDING)
        """,
    )
    run(session, "ANALYZE numbered")


def _fill_lots(session: Session) -> None:
    run(
        session,
        """
        INSERT INTO points_lots AS l (customer_id, account_id, available_on, last_day, rule_version, earned_month,
                                      waits_for, earned, remaining)
        SELECT holder_id, account_id, available_on, last_day, rule_version, earned_month, waits_for,
               sum(points - repaid), sum(points - repaid)
          FROM numbered WHERE points > repaid
         GROUP BY holder_id, account_id, available_on, last_day, rule_version, earned_month, waits_for
         ORDER BY holder_id, account_id, last_day, earned_month
            ON CONFLICT ON CONSTRAINT uq_points_lots_bucket
            DO UPDATE SET earned = l.earned + excluded.earned, remaining = l.remaining + excluded.remaining
        """,
    )


def _write(session: Session) -> None:
    run(
        session,
        """
        INSERT INTO points_movements (customer_id, account_id, seq, kind, points, balance_after, at, on_date,
                                      by_customer_id, receipt_id, rule_version, store_id)
        SELECT holder_id, account_id, seq, 'earned', points, balance_after, sold_at, sold_on, customer_id, receipt_id,
               rule_version, store_id
          FROM numbered ORDER BY 1, 2, 3
        """,
    )
    # Two days are never equal where one is missing, so a day that no lot has stands in for it.
    run(
        session,
        """
        INSERT INTO points_movement_lots (customer_id, account_id, seq, lot_id, points)
        SELECT n.holder_id, n.account_id, n.seq, l.id, n.points - n.repaid
          FROM numbered n
          JOIN points_lots l ON (l.customer_id, l.account_id, l.rule_version)
                              = (n.holder_id, n.account_id, n.rule_version)
           AND coalesce(l.last_day, 'infinity') = coalesce(n.last_day, 'infinity')
           AND coalesce(l.earned_month, 'infinity') = coalesce(n.earned_month, 'infinity')
           AND coalesce(l.available_on, 'infinity') = coalesce(n.available_on, 'infinity')
           AND coalesce(l.waits_for, '') = coalesce(n.waits_for, '')
         WHERE n.points > n.repaid
         UNION ALL
        SELECT holder_id, account_id, seq, 0, repaid FROM numbered WHERE repaid > 0
         ORDER BY 1, 2, 3
        """,
    )
    run(
        session,
        """
        UPDATE points_accounts a
           SET balance = a.balance + e.points, last_seq = a.last_seq + e.movements, debt = a.debt - e.repaid,
               repaid = 0, idle_last_day = greatest(a.idle_last_day, e.idle_last_day)
          FROM (SELECT holder_id, account_id, sum(points) AS points, count(*) AS movements, sum(repaid) AS repaid,
                       max(idle_last_day) AS idle_last_day
                  FROM numbered GROUP BY holder_id, account_id) AS e
         WHERE (a.customer_id, a.id) = (e.holder_id, e.account_id)
        """,
    )
    run(session, "ANALYZE points_movements")
