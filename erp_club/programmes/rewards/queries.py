"""What period rewards are made of: accounts, what they bought in days of their own, what was settled before."""

import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from erp_club.clubs.kinds import ClubState
from erp_club.clubs.models import Club
from erp_club.clubs.periods import Span
from erp_club.programmes.engine.parts import ALWAYS, Counts, Excluded, Measure
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import PeriodReward
from erp_club.programmes.models import ProgrammeVersion
from erp_club.programmes.past.queries import FREE
from erp_club.programmes.rewards.account import ANYONE, RewardAccount, Whose
from erp_club.programmes.rewards.models import PeriodSettlement
from erp_club.programmes.rewards.terms.queries import terms_of

FIRST_DAY = dt.date(1900, 1, 1)


@dataclass(frozen=True, slots=True)
class Settled:
    """What a period was settled for at its end, and what it left for the next."""

    first_on: dt.date
    last_on: dt.date
    at: dt.datetime
    base: int
    carried: int
    rest: int
    rest_minor: int


@dataclass(frozen=True, slots=True)
class Before(Settled):
    """What was settled last for an account before a day, and how much in the period that began on the same first day.

    `value_so_far`, `taken_so_far` and `pieces_so_far` are what a period that is settled as it goes has given already;
    `ended` is the last one before it.
    """

    to_fee_minor: int
    value_so_far: int
    taken_so_far: int
    carried_first: int
    pieces_so_far: int
    ended: Settled | None


_ENDS = """
       AND (CAST(:days AS text[]) IS NULL OR to_char(m.joined_on, 'MMDD') = ANY(:days))
       AND (NOT :ending OR EXISTS (SELECT FROM membership_periods t
                                    WHERE t.customer_id = m.customer_id AND t.membership_id = m.id
                                      AND upper(t.validity) = CAST(:last AS date) + 1))"""
_ACCOUNTS = sa.text(f"""
    SELECT m.customer_id, m.points_account_id,
           (SELECT array_agg(s.customer_id ORDER BY s.customer_id) FROM memberships s
             WHERE s.points_account_id = m.points_account_id AND s.club_id = m.club_id) AS customers,
           m.joined_on,
           EXISTS (SELECT FROM membership_periods t WHERE t.customer_id = m.customer_id AND t.membership_id = m.id
                      AND t.validity @> CAST(:last AS date)) AS holds,
           coalesce((SELECT h.level FROM level_changes h
                      WHERE h.customer_id = m.customer_id AND h.membership_id = m.id AND h.on_date <= :last
                      ORDER BY h.change_no DESC LIMIT 1), l.level) AS level,
           (SELECT coalesce(sum(o.remaining), 0) FROM points_lots o
             WHERE o.customer_id = a.customer_id AND o.account_id = a.id AND o.remaining > 0
               AND o.available_on <= :last AND coalesce(o.last_day, 'infinity') >= :last)::bigint - a.debt
      FROM memberships m
      JOIN points_accounts a ON a.customer_id = m.points_holder_id AND a.id = m.points_account_id
      LEFT JOIN membership_levels l ON l.customer_id = m.customer_id AND l.membership_id = m.id
     WHERE m.club_id = :club AND m.customer_id = m.points_holder_id AND m.customer_id > :after AND m.joined_on <= :last
       {_ENDS}
       AND (CAST(:holders AS bigint[]) IS NULL OR m.customer_id = ANY(:holders))
     ORDER BY m.customer_id
     LIMIT :most
""")  # noqa: S608 - ours
_COUNT = sa.text(f"""
    SELECT count(*) FROM memberships m
     WHERE m.club_id = :club AND m.customer_id = m.points_holder_id AND m.joined_on <= :last
       {_ENDS}
""")  # noqa: S608 - ours
_BEFORE = sa.text("""
    SELECT w.place, b.first_on, b.last_on, b.at, b.base, b.carried, b.rest, b.rest_minor,
           (SELECT coalesce(sum(f.to_fee_minor), 0) FROM period_settlements f
             WHERE f.customer_id = w.customer_id AND f.account_id = w.account_id AND f.club_id = :club
               AND f.state = 'given'),
           coalesce(s.value, 0), coalesce(s.taken, 0), coalesce(s.carried, 0), coalesce(s.pieces, 0),
           e.first_on, e.last_on, e.at, e.base, e.carried, e.rest, e.rest_minor
      FROM unnest(CAST(:places AS int[]), CAST(:holders AS bigint[]), CAST(:accounts AS bigint[]),
                  CAST(:firsts AS date[])) AS w(place, customer_id, account_id, first_on)
      JOIN LATERAL (
          SELECT * FROM period_settlements p
           WHERE p.account_id = w.account_id AND p.club_id = :club AND p.rule = :rule AND p.state = 'given'
             AND (p.last_on < :last OR p.last_on = :last AND p.of_day > 0)
           ORDER BY p.last_on DESC, p.of_day = 0 DESC, p.of_day DESC LIMIT 1
      ) b ON true
      LEFT JOIN LATERAL (
          SELECT CAST(sum(p.value + p.to_fee_minor) AS bigint) AS value, CAST(sum(p.taken) AS bigint) AS taken,
                 (array_agg(p.carried ORDER BY p.last_on, p.id))[1] AS carried, CAST(sum(p.pieces) AS bigint) AS pieces
            FROM period_settlements p
           WHERE p.account_id = w.account_id AND p.club_id = :club AND p.rule = :rule AND p.state = 'given'
             AND p.first_on = w.first_on AND (p.last_on < :last OR p.last_on = :last AND p.of_day > 0)
      ) s ON true
      LEFT JOIN LATERAL (
          SELECT * FROM period_settlements p
           WHERE p.account_id = w.account_id AND p.club_id = :club AND p.rule = :rule AND p.state = 'given'
             AND p.last_on < w.first_on
           ORDER BY p.last_on DESC, p.of_day = 0 DESC, p.of_day DESC LIMIT 1
      ) e ON true
""")
_BOUGHT = f"""
    WITH who AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:places AS int[]), CAST(:customers AS bigint[]), CAST(:members AS bigint[]),
                             CAST(:firsts AS date[]), CAST(:lasts AS date[]))
                      AS w(place, customer_id, member_id, first_on, last_on)
    ), bought AS MATERIALIZED (
        SELECT w.place, r.customer_id, r.id, r.total_minor, coalesce(o.id, r.id) AS sale_id
          FROM who w
          JOIN receipts r ON r.customer_id = w.customer_id AND r.sold_on >= w.first_on
          LEFT JOIN receipt_returns t ON t.customer_id = r.customer_id AND t.receipt_id = r.id
          LEFT JOIN receipts o ON o.customer_id = t.customer_id AND o.id = t.original_receipt_id
         WHERE coalesce(o.sold_on, r.sold_on) BETWEEN w.first_on AND w.last_on
           AND EXISTS (SELECT FROM memberships m
                         JOIN membership_periods v ON v.customer_id = m.customer_id AND v.membership_id = m.id
                        WHERE m.customer_id = w.member_id AND m.club_id = :club AND v.validity @> r.sold_on)
    ), lines AS (
        SELECT w.place, w.customer_id, w.id, w.sale_id, w.total_minor, l.amount_minor, l.quantity_milli,
               {FREE} AS free_milli
          FROM bought w
          JOIN receipt_lines l ON l.customer_id = w.customer_id AND l.receipt_id = w.id
          JOIN products p ON p.id = l.product_id
          LEFT JOIN product_groups g ON g.id = p.group_id
          LEFT JOIN departments d ON d.id = p.department_id
          LEFT JOIN brands b ON b.id = p.brand_id
         WHERE (p.sku = ANY(:products) OR g.name = ANY(:groups) OR d.name = ANY(:departments)
                OR b.name = ANY(:brands) OR p.kind = ANY(:kinds) OR (:everything AND p.kind = 'goods'))
           AND NOT (p.sku = ANY(:no_products) OR coalesce(g.name = ANY(:no_groups), false)
                    OR coalesce(d.name = ANY(:no_departments), false) OR coalesce(b.name = ANY(:no_brands), false)
                    OR p.kind = ANY(:no_kinds) OR coalesce(l.price_list = ANY(:no_lists), false))
           AND NOT (:no_reduced AND abs(l.list_minor) < abs(coalesce(l.regular_minor, l.list_minor)))
    )
"""  # noqa: S608 - ours
_AMOUNTS = "SELECT place, CAST(sum(amount_minor) AS bigint) FROM lines GROUP BY place"
_QUANTITIES = "SELECT place, CAST(sum(quantity_milli - free_milli) AS bigint) FROM lines GROUP BY place"
_SPEND = sa.text(f"{_BOUGHT} {_AMOUNTS}")
_UNITS = sa.text(f"{_BOUGHT} {_QUANTITIES}")
IS_PURCHASE = """
    bool_or(id = sale_id AND total_minor >= 0) AND sum(amount_minor) FILTER (WHERE id = sale_id) >= 0
    AND (bool_and(id = sale_id) OR sum(quantity_milli) > 0)"""
"""Of the lines of a sale and of what came back of it: it is a purchase, of which something was kept."""
_EACH = f"""
    , each AS (
        SELECT place, customer_id, sale_id FROM lines GROUP BY place, customer_id, sale_id HAVING {IS_PURCHASE}
    )
    SELECT place, count(*) FROM each GROUP BY place
"""  # noqa: S608 - ours
_PURCHASES = sa.text(f"{_BOUGHT} {_EACH}")
_POINTS = sa.text("""
    WITH who AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:places AS int[]), CAST(:customers AS bigint[]), CAST(:accounts AS bigint[]),
                             CAST(:firsts AS date[]), CAST(:lasts AS date[]))
                      AS w(place, customer_id, account_id, first_on, last_on)
    )
    SELECT w.place, CAST(sum(v.points) AS bigint)
      FROM who w JOIN points_movements v ON v.customer_id = w.customer_id AND v.account_id = w.account_id
     WHERE v.kind IN ('earned', 'event') AND v.on_date BETWEEN w.first_on AND w.last_on
     GROUP BY w.place
    UNION ALL
    SELECT w.place, CAST(sum(v.points) AS bigint)
      FROM who w JOIN points_movements v ON v.customer_id = w.customer_id AND v.account_id = w.account_id
      JOIN points_movements e
        ON e.customer_id = v.customer_id AND e.account_id = v.account_id AND e.seq = v.reverses_seq
     WHERE v.kind = 'returned' AND e.kind = 'event' AND e.on_date BETWEEN w.first_on AND w.last_on
     GROUP BY w.place
    UNION ALL
    SELECT w.place, CAST(-sum(b.settled) AS bigint)
      FROM who w
      JOIN receipt_return_points b ON b.holder_id = w.customer_id AND b.account_id = w.account_id
      JOIN receipt_returns t ON t.customer_id = b.customer_id AND t.receipt_id = b.receipt_id
      JOIN receipts o ON o.customer_id = t.customer_id AND o.id = t.original_receipt_id
     WHERE o.sold_on BETWEEN w.first_on AND w.last_on
     GROUP BY w.place
""")
_STATEMENTS = {Counts.SPEND: _SPEND, Counts.UNITS: _UNITS, Counts.PURCHASES: _PURCHASES}


def accounts(
    session: Session,
    club_id: int,
    *,
    last: dt.date,
    after: int = 0,
    limit: int,
    whose: Whose = ANYONE,
    holders: Sequence[int] | None = None,
) -> list[RewardAccount]:
    """The next accounts of a club by their holders, or among these, with members by `last`."""
    among = None if holders is None else list(holders)
    bound = {"club": club_id, "last": last, "after": after, "most": limit, "holders": among}
    rows = session.execute(_ACCOUNTS, bound | whose.bound).all()
    terms = terms_of(session, club_id, [row[0] for row in rows]) if whose.terms else {}
    return [RewardAccount(row[0], row[1], tuple(row[2]), *row[3:], terms=terms.get(row[0], ())) for row in rows]


def given_on(session: Session, account: RewardAccount, club_id: int, rule: str, day: dt.date) -> int:
    """How often sales of a day have given a rule's reward so far."""
    table = PeriodSettlement
    number = sa.select(sa.func.coalesce(sa.func.max(table.of_day), 0)).where(
        table.account_id == account.account_id, table.club_id == club_id, table.rule == rule, table.last_on == day
    )
    return session.execute(number).scalar_one()


def count_accounts(session: Session, club_id: int, *, last: dt.date, whose: Whose) -> int:
    """How many there are in all."""
    return session.execute(_COUNT, {"club": club_id, "last": last} | whose.bound).scalar_one()


def is_plain(measure: Measure, programme: Programme) -> bool:
    """Whether the database can count it: without means, whatever offers touched, always, and of a buyer's own."""
    points = {Counts.POINTS, Counts.BALANCE}
    counts = measure.counts in ({*_STATEMENTS, *points} if programme.earning.late is None else points)
    over = (measure.excluded, programme.left_out)
    return counts and measure.when == ALWAYS and not measure.means and not any(e.means or e.promoted for e in over)


def sums(
    session: Session,
    club_id: int,
    measure: Measure,
    excluded: Excluded,
    spans: Mapping[int, Span],
    by_place: Sequence[RewardAccount],
) -> dict[int, int]:
    """What accounts, by their place, come to of a plain measure in days of their own."""
    if measure.counts is Counts.BALANCE:
        return {place: by_place[place].balance for place in spans}
    whose = _accounts_of if measure.counts is Counts.POINTS else _customers_of
    found = whose(session, [by_place[place] for place in spans])
    listed = [
        (place, *one, max(span.first, FIRST_DAY), span.last or dt.date.max)
        for (place, span), those in zip(spans.items(), found, strict=True)
        for one in those
    ]
    bound: dict[str, Any] = {
        "places": [each[0] for each in listed],
        "customers": [each[1] for each in listed],
        "firsts": [each[3] for each in listed],
        "lasts": [each[4] for each in listed],
    }
    if measure.counts is Counts.POINTS:
        rows = session.execute(_POINTS, bound | {"accounts": [each[2] for each in listed]})
    else:
        bound["members"] = [each[2] for each in listed]
        rows = session.execute(_STATEMENTS[measure.counts], bound | {"club": club_id} | lines_of(measure, excluded))
    made: dict[int, int] = {}
    for place, value in rows:
        made[place] = made.get(place, 0) + int(value)
    return made


def _customers_of(session: Session, accounts: Sequence[RewardAccount]) -> list[list[tuple[int, int]]]:
    """Who shares each account, and who became one of those: the customer of receipts, and the member."""
    members = sorted({customer for each in accounts for customer in each.customers})
    became: dict[int, list[int]] = {}
    for merged, living in session.execute(_BECAME, {"customers": members}):
        became.setdefault(living, []).append(merged)
    # A membership that was joined to the survivor's stays with the merged one, whose receipts count once.
    gone = {merged for each in became.values() for merged in each}
    return [
        [(one, member) for member in each.customers if member not in gone for one in (member, *became.get(member, ()))]
        for each in accounts
    ]


def _accounts_of(session: Session, accounts: Sequence[RewardAccount]) -> list[list[tuple[int, int]]]:
    """Each account and those that it is the heir of."""
    made = {each.account_id: [each.key] for each in accounts}
    for account_id, holder_id, former_id in session.execute(_FORMER, {"accounts": list(made)}):
        made[account_id].append((holder_id, former_id))
    return [made[each.account_id] for each in accounts]


_BECAME = sa.text("SELECT id, merged_into FROM customers WHERE merged_into = ANY(:customers)")
_FORMER = sa.text("""
    WITH RECURSIVE held AS (
        SELECT a.heir_id AS account, a.customer_id, a.id FROM points_accounts a WHERE a.heir_id = ANY(:accounts)
        UNION
        SELECT held.account, a.customer_id, a.id FROM held JOIN points_accounts a ON a.heir_id = held.id
    )
    SELECT account, customer_id, id FROM held
""")


def lines_of(measure: Measure, excluded: Excluded) -> dict[str, Any]:
    """Which lines a measure counts, as the parameters of its statements."""
    on, own = measure.on, measure.excluded
    return {
        "products": list(on.products),
        "groups": list(on.groups),
        "departments": list(on.departments),
        "brands": list(on.brands),
        "kinds": list(on.kinds),
        "everything": on.everything,
        "no_products": [*on.without_products, *own.products, *excluded.products],
        "no_groups": [*on.without_groups, *own.groups, *excluded.groups],
        "no_departments": [*on.without_departments, *own.departments, *excluded.departments],
        "no_brands": [*on.without_brands, *own.brands, *excluded.brands],
        "no_kinds": [*own.kinds, *excluded.kinds],
        "no_lists": [*own.price_lists, *excluded.price_lists],
        "no_reduced": on.regular_price_only or own.reduced or excluded.reduced,
    }


def before(
    session: Session,
    club_id: int,
    rule: str,
    by_place: Sequence[RewardAccount],
    spans: Mapping[int, Span],
    last: dt.date,
) -> dict[int, Before]:
    """What was settled last for these accounts, by their place; none of those for which nothing ever was."""
    places = list(spans)
    bound = {
        "places": places,
        "holders": [by_place[place].holder_id for place in places],
        "accounts": [by_place[place].account_id for place in places],
        "firsts": [max(spans[place].first, FIRST_DAY) for place in places],
        "club": club_id,
        "rule": rule,
        "last": last,
    }
    rows = session.execute(_BEFORE, bound)
    return {row[0]: Before(*row[1:13], ended=None if row[13] is None else Settled(*row[13:])) for row in rows}


@dataclass(frozen=True, slots=True)
class RuleOfClub:
    """A period reward of a club, in a version of its programme that holds from a day on."""

    club_id: int
    version_no: int
    effective_from: dt.date
    programme: Programme
    rule: PeriodReward


def first_day_of(session: Session, club_id: int) -> dt.date:
    """From which day on the club has a programme."""
    first = sa.select(sa.func.min(ProgrammeVersion.effective_from)).where(ProgrammeVersion.club_id == club_id)
    return session.execute(first).scalar_one()


def rules(session: Session, *, on: dt.date, club_id: int | None = None) -> list[RuleOfClub]:
    """The period rewards of published clubs, or of one club, in the versions that hold on a day."""
    rows = session.execute(
        sa.select(
            ProgrammeVersion.club_id,
            ProgrammeVersion.version_no,
            ProgrammeVersion.effective_from,
            sa.cast(ProgrammeVersion.document, sa.Text),
        )
        .join(Club, Club.id == ProgrammeVersion.club_id)
        .where(
            Club.state == ClubState.PUBLISHED if club_id is None else Club.id == club_id,
            ProgrammeVersion.effective_from <= on,
        )
        .ext(distinct_on(ProgrammeVersion.club_id))
        .order_by(
            ProgrammeVersion.club_id,
            ProgrammeVersion.effective_from.desc(),
            ProgrammeVersion.version_no.desc(),
        )
    )
    made: list[RuleOfClub] = []
    for club, version, first, text in rows:
        programme = _read(text)
        made += [RuleOfClub(club, version, first, programme, rule) for rule in programme.rewards]
    return made


@functools.lru_cache(maxsize=64)
def _read(text: str) -> Programme:
    return Programme.model_validate_json(text)
