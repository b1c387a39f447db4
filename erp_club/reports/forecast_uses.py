"""How much of its limits each offer has used up while past receipts are priced again. Pure."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from erp_club.kernel.dates import anniversary_before
from erp_club.promotions.engine.compile import Compiled
from erp_club.promotions.engine.facts import Shopper, Used


@dataclass(slots=True)
class Counter:
    """What an offer has used up so far in the replay."""

    uses: int = 0
    given: int = 0
    days: dict[dt.date, int] = field(default_factory=lambda: defaultdict(int))
    members: dict[int, list[dt.date]] = field(default_factory=lambda: defaultdict(list))
    months: dict[tuple[int, int, int], int] = field(default_factory=lambda: defaultdict(int))
    """What it has given a member in a month."""

    def used(self, customer_id: int, day: dt.date, year_from: dt.date | None = None) -> Used:
        """As the engine is told of it. `year_from`: when the member's own year began; a term is taken for one."""
        mine = self.members.get(customer_id, ()) if customer_id else ()
        month = (day.year, day.month)
        return Used(
            uses=self.uses,
            today=self.days.get(day, 0),
            given_minor=self.given,
            member=len(mine),
            member_today=sum(1 for each in mine if each == day),
            member_month=sum(1 for each in mine if (each.year, each.month) == month),
            member_year=sum(1 for each in mine if each.year == day.year),
            member_week=sum(1 for each in mine if each.isocalendar()[:2] == day.isocalendar()[:2]),
            member_quarter=sum(1 for each in mine if _part(each, 3) == _part(day, 3)),
            member_half_year=sum(1 for each in mine if _part(each, 6) == _part(day, 6)),
            member_own_year=(own := sum(1 for each in mine if year_from is None or each >= year_from)),
            member_term=own,
            member_month_minor=self.months[customer_id, *month] if customer_id else 0,
        )


def _year_from(told: Compiled, code: str, shopper: Shopper | None, day: dt.date) -> dt.date | None:
    if code not in told.by_membership or shopper is None:
        return None
    limits = told.by_code[code].limits
    member = None if limits is None else shopper.clubs.get(limits.of_club or "")
    return None if member is None or member.joined_on is None else anniversary_before(member.joined_on, day)


def _part(day: dt.date, months: int) -> tuple[int, int]:
    """Which quarter, or half, of which year."""
    return day.year, (day.month - 1) // months


def used_so_far(
    counters: Mapping[str, Counter],
    told: Compiled,
    limited: Collection[str],
    customer_id: int,
    day: dt.date,
    shopper: Shopper | None,
) -> dict[str, Used]:
    """What the engine is told of the offers that have limits; some share a ceiling of a month."""
    used = {code: counters[code].used(customer_id, day, _year_from(told, code, shopper, day)) for code in limited}
    month = {code: each.member_month_minor for code, each in used.items()}
    for code in told.sharing.keys() & used.keys():
        shared = sum(month.get(each, 0) for each in told.sharing[code])
        used[code] = replace(used[code], shared_month_minor=shared)
    return used
