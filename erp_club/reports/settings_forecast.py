"""What a club's settings would have earned its members in a past period, while they are edited.

The receipts of the period go by under the club's programme with the edited settings in it, those of some of the
customers where there are many: all figures are then raised by as much as the counted receipts are fewer than all.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.models import Membership
from erp_club.kernel.money import Rounding, round_div
from erp_club.programmes.engine.earning import PerMoney
from erp_club.programmes.engine.parts import ALWAYS, EVERYTHING
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.past.purchase import Past
from erp_club.programmes.past.queries import customers_segments, receipts_between
from erp_club.receipts.rollups.models import CustomerSummary
from erp_club.reports.what_if import Replay

MOST_RECEIPTS = 2_000
"""So many receipts are counted in the time that somebody waits while typing."""
MOST_DAYS = 92


@dataclass(frozen=True, slots=True)
class Tried:
    """The settings that are edited. `tiers`: from so many points a month on, a code of so much; the highest counts.

    `reviewed_percent` of the purchases are taken to be reviewed.
    """

    points: int
    per_minor: int
    join_points: int
    review_points: int
    reviewed_percent: int
    tiers: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Outlook:
    """What they would have given: points by day of the period for purchases, joining and reviews, and the codes.

    `counted` of `receipts` were replayed, `members` made them. `everybody`: the club holds nobody yet, so all known
    customers count, as if each joined at the first purchase ever.
    """

    days: tuple[dt.date, ...]
    purchases: tuple[int, ...]
    joining: tuple[int, ...]
    reviews: tuple[int, ...]
    receipts: int
    counted: int
    members: int
    joined: int
    codes: int
    codes_minor: int
    everybody: bool

    @property
    def points(self) -> int:
        """All points."""
        return sum(self.purchases) + sum(self.joining) + sum(self.reviews)


def with_settings(programme: Programme, tried: Tried) -> Programme:
    """The programme with the edited rate in place of its plain rule by money, or beside its rules if it has none."""
    rules = list(programme.earning.rules)
    plain = [
        number
        for number, rule in enumerate(rules)
        if isinstance(rule, PerMoney) and rule.on == EVERYTHING and rule.when == ALWAYS
    ]
    change = {"points": tried.points, "per_minor": tried.per_minor}
    if plain:
        rules[plain[0]] = rules[plain[0]].model_copy(update=change)
    else:
        rules.append(PerMoney(code="rate", points=tried.points, per_minor=tried.per_minor))
    earning = programme.earning.model_copy(update={"rules": tuple(rules)})
    return programme.model_copy(update={"earning": earning})


def outlook(
    session: Session, club_id: int | None, programme: Programme, tried: Tried, *, first: dt.date, last: dt.date
) -> Outlook:
    """Replay the period, both days included, for the club's members or (None) for everybody."""
    joined = _joined(session, club_id, first, last)
    receipts, past = receipts_between(session, club_id, first, last, most=MOST_RECEIPTS)
    segments = customers_segments(session, {each.customer_id for each in past})
    edited = with_settings(programme, tried)
    return _counted(edited, tried, past, receipts, joined, segments, first, last, club_id is None)


def _counted(
    programme: Programme,
    tried: Tried,
    past: list[Past],
    receipts: int,
    joined: Mapping[int, dt.date],
    segments: Mapping[int, frozenset[str]],
    first: dt.date,
    last: dt.date,
    everybody: bool,
) -> Outlook:
    days = tuple(first + dt.timedelta(days=number) for number in range((last - first).days + 1))
    replay = Replay(programme, last, step=lambda day: day)
    bought = dict.fromkeys(days, 0)
    codes: dict[int, int] = {}
    members = 0
    for customer_id, mine in groupby(past, key=lambda each: each.customer_id):
        counted = list(mine)
        before = replay.side.points
        replay.live(counted, segments)
        members += 1
        for each in counted:
            bought[each.purchase.on] += each.purchase.total_minor > 0
        got = replay.side.points - before + (tried.join_points if customer_id in joined else 0)
        value = max((value for at, value in tried.tiers if 0 < at <= got), default=0)
        codes[value] = codes.get(value, 0) + (value > 0)

    def raised(value: int) -> int:
        return round_div(value * receipts, len(past), Rounding.HALF_UP) if past else 0

    issued = {value: raised(count) for value, count in codes.items()}
    per_day = dict.fromkeys(days, 0)
    for day in joined.values():
        per_day[day] += tried.join_points
    share = tried.reviewed_percent * tried.review_points
    return Outlook(
        days,
        purchases=tuple(raised(replay.side.months.get(day, 0)) for day in days),
        joining=tuple(per_day.values()),
        reviews=tuple(round_div(raised(bought[day] * share), 100, Rounding.HALF_UP) for day in days),
        receipts=receipts,
        counted=len(past),
        members=raised(members),
        joined=len(joined),
        codes=sum(issued.values()),
        codes_minor=sum(value * count for value, count in issued.items()),
        everybody=everybody,
    )


def _joined(session: Session, club_id: int | None, first: dt.date, last: dt.date) -> dict[int, dt.date]:
    """Who joined in the period and when; without a club, who bought for the first time ever."""
    if club_id is None:
        whose, on = CustomerSummary.customer_id, CustomerSummary.first_on
        statement = sa.select(whose, on)
    else:
        whose, on = Membership.customer_id, Membership.joined_on
        statement = sa.select(whose, on).where(Membership.club_id == club_id)
    rows = session.execute(statement.where(on.between(first, last)))
    return {customer_id: day for customer_id, day in rows}  # noqa: C416 - dict() knows no Row
