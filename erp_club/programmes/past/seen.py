"""What rules ask of a member's past when something is bought: sums of a period, points and stores of the day. Pure."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from erp_club.programmes.engine.calendar import span_of
from erp_club.programmes.engine.earn import Earned, earn
from erp_club.programmes.engine.earning import PerMoney, PerVisit, VisitIs
from erp_club.programmes.engine.facts import MemberFacts, Purchase
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.taken_back import without
from erp_club.programmes.past.purchase import Past


class Seen:
    """The purchases of an account, told one after the other in the order of time; visits are each person's own."""

    def __init__(self, programme: Programme, joined_on: dt.date | None) -> None:
        self.joined_on = joined_on
        self.day = dt.date.min
        self.visited: dict[int, set[tuple[str, str]]] = defaultdict(set)
        self.gave_at: dict[int, dict[str, dt.datetime]] = defaultdict(dict)
        self.points_today: dict[str, int] = {}
        self.points_this_month: dict[str, int] = {}
        self.growing = {
            rule.code: rule.growing for rule in programme.earning.rules if isinstance(rule, PerMoney) and rule.growing
        }
        self.counted: dict[str, list[tuple[dt.date, int]]] = defaultdict(list)

    def facts(self, known: MemberFacts, on: dt.date, *, customer_id: int) -> MemberFacts:
        """One of the account's persons on a day, with what was bought until then."""
        if on.replace(day=1) != self.day.replace(day=1):
            self.points_this_month = {}
        if on != self.day:
            self.day, self.points_today = on, {}
            self.visited.clear()
        so_far: dict[str, int] = {}
        for code, growing in self.growing.items():
            first = span_of(growing.period, on, joined_on=self.joined_on).first
            so_far[code] = sum(counted for bought_on, counted in self.counted[code] if bought_on >= first)
        return replace(
            known,
            so_far=so_far,
            points_today=dict(self.points_today),
            points_this_month=dict(self.points_this_month),
            visited=frozenset(self.visited[customer_id]),
            gave_at=dict(self.gave_at[customer_id]),
        )

    def note(self, purchase: Purchase, made: Earned, *, customer_id: int) -> None:
        """Keep what the next purchases of the day and the period ask about."""
        for rule in made.rules:
            if rule.points:
                self.visited[customer_id].add((rule.rule, purchase.store))
                self.gave_at[customer_id][rule.rule] = purchase.at
            self._gave(purchase.on, rule.rule, rule.points)
            if rule.rule in self.growing:
                self.counted[rule.rule].append((purchase.on, rule.counted))
        self._gave(purchase.on, "", made.points)

    def _gave(self, on: dt.date, rule: str, points: int) -> None:
        """So many more points of a purchase of a day, below zero for what came back, as far as they count now."""
        if on == self.day:
            self.points_today[rule] = self.points_today.get(rule, 0) + points
        if on.replace(day=1) == self.day.replace(day=1):
            self.points_this_month[rule] = self.points_this_month.get(rule, 0) + points

    def take_back(self, on: dt.date, was: Earned, now: Earned) -> None:
        """Forget what came back of a purchase of a day: it had earned `was`, and what is left of it earns `now`."""
        left = {rule.rule: rule for rule in now.rules}
        for rule in was.rules:
            kept = left.get(rule.rule)
            if rule.rule in self.growing:
                self.counted[rule.rule].append((on, (kept.counted if kept else 0) - rule.counted))
            self._gave(on, rule.rule, (kept.points if kept else 0) - rule.points)
        self._gave(on, "", now.points - was.points)


def asked_from(programme: Programme, on: dt.date, joined_on: dt.date | None) -> dt.date | None:
    """From which day on the past has to be known for a purchase of this day; None where no rule asks."""
    return min(_days(programme, on, joined_on), default=None)


def _days(programme: Programme, on: dt.date, joined_on: dt.date | None) -> Iterator[dt.date]:
    earning = programme.earning
    if earning.most_points_day is not None:
        yield on
    if earning.most_points_month is not None:
        yield on.replace(day=1)
    for rule in earning.rules:
        by_day = isinstance(rule, PerVisit) and (rule.visit is VisitIs.DAY or programme.visit == "day")
        if rule.most_points_day is not None or by_day:
            yield on
        if rule.most_points_month is not None:
            yield on.replace(day=1)
        if rule.apart_minutes is not None:
            # One that came too soon itself doesn't count, and that hangs on those before it.
            yield on - dt.timedelta(minutes=4 * rule.apart_minutes, days=1)
        if isinstance(rule, PerMoney) and rule.growing is not None:
            yield span_of(rule.growing.period, on, joined_on=joined_on).first


def as_seen(
    programme: Programme, past: Iterable[Past], known: MemberFacts, on: dt.date, *, customer_id: int
) -> MemberFacts:
    """The member on a day after these receipts, of which what came back doesn't count.

    Those of others who share the account count with the member's own, but for visits, which are each one's own.
    """
    seen = Seen(programme, known.joined_on)
    sold: dict[int, tuple[Purchase, MemberFacts]] = {}
    for each in past:
        original = sold.get(each.original_id or 0)
        if original is not None:
            bought, then = original
            kept = without(bought, each.purchase.lines, each.original_lines)
            seen.take_back(bought.on, earn(programme, bought, then), earn(programme, kept, then))
            sold[each.original_id or 0] = (kept, then)
        elif each.purchase.total_minor >= 0:
            other = replace(known, birthday=each.birthday, children=each.children)
            whose = known if each.customer_id == customer_id else other
            then = seen.facts(whose, each.purchase.on, customer_id=each.customer_id)
            seen.note(each.purchase, earn(programme, each.purchase, then), customer_id=each.customer_id)
            sold[each.id] = (each.purchase, then)
    return seen.facts(known, on, customer_id=customer_id)
