"""From purchases to what a rule counts: dated movements of a measure, and its sum over days. Pure."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from erp_club.programmes.engine.conditions import missed
from erp_club.programmes.engine.earn import Earned
from erp_club.programmes.engine.facts import Bought, MemberFacts, Moved, Purchase
from erp_club.programmes.engine.lines import by_touch, goods_of, paid_lines, passed_over
from erp_club.programmes.engine.parts import NOTHING, Counts, Excluded, Measure
from erp_club.programmes.engine.rewards import ExtraPart

NOBODY = MemberFacts()


@dataclass(frozen=True, slots=True)
class Lived:
    """A purchase of the member's past with what it earned: points on the account, and on counters by name.

    A return has lines below zero; `returns_on` is the day of the purchase that it takes back, where that is known, and
    `shrinks` what this was before and after.
    """

    purchase: Purchase
    points: int = 0
    counters: tuple[tuple[str, int], ...] = ()
    returns_on: dt.date | None = None
    member: MemberFacts = NOBODY
    shrinks: tuple[Purchase, Purchase] | None = None

    @property
    def counted_on(self) -> dt.date:
        """The day on which it counts."""
        return self.returns_on or self.purchase.on


def lived(purchase: Purchase, earned: Earned, member: MemberFacts = NOBODY) -> Lived:
    """A purchase with what it has earned."""
    return Lived(purchase, earned.points, member=member)


def measured(measure: Measure, past: Lived, *, excluded: Excluded = NOTHING) -> int:
    """How much of the measure one purchase is; below zero for a return.

    A return leaves what its purchase would have counted without what came back, whatever day it is and however the
    money goes back. A visit stays one.
    """
    if past.shrinks is not None and measure.counts not in _AS_GIVEN:
        if measure.counts is Counts.VISITS:
            return 0
        before, after = (_counted(measure, each, past, excluded) for each in past.shrinks)
        return after - before
    return _counted(measure, past.purchase if past.shrinks is None else past.shrinks[0], past, excluded)


_AS_GIVEN = {Counts.POINTS, Counts.COUNTER}
"""What is counted as rules have given it."""


def _counted(measure: Measure, purchase: Purchase, past: Lived, excluded: Excluded) -> int:
    if missed(measure.when, purchase, past.member) is not None:
        return 0
    if measure.counts is Counts.POINTS:
        return past.points
    if measure.counts is Counts.COUNTER:
        return dict(past.counters).get(measure.counter or "", 0)
    return _of_lines(measure, purchase, excluded)


def _of_lines(measure: Measure, purchase: Purchase, excluded: Excluded) -> int:
    amount, units, any_line = 0, 0, False
    never = (*excluded.means, *measure.excluded.means)
    named = goods_of(measure.on)
    passing = [each for each in (measure.excluded, excluded) if each != NOTHING]
    promoted = any(each.promoted for each in passing)
    for line, counts in _paid(purchase, measure.means, never, by_touched=promoted):
        if not named(line) or any(passed_over(each, line) for each in passing):
            continue
        if counts == 0 and line.paid_minor != 0:
            continue
        any_line = True
        amount += counts
        bought = line.quantity_milli - line.free_milli
        units += bought * counts // line.paid_minor if line.paid_minor else bought
    if measure.counts is Counts.SPEND:
        return amount
    if measure.counts is Counts.UNITS:
        return units
    return 1 if any_line and amount >= 0 and purchase.total_minor >= 0 else 0


def _paid(
    purchase: Purchase, means: Sequence[str], never: Sequence[str], *, by_touched: bool
) -> Iterator[tuple[Bought, int]]:
    """The lines with how much of them these means paid; where none is named that is all of it."""
    if not means and not never and not by_touched:
        yield from ((line, line.paid_minor) for line in purchase.lines)
        return
    for each in paid_lines(purchase):
        for part in by_touch(each) if by_touched else (each,):
            yield part.line, part.minor(means, never)


def movements(
    measures: Sequence[Measure], past: Iterable[Lived], *, excluded: Excluded = NOTHING, by_store_day: bool = True
) -> tuple[Moved, ...]:
    """The dated movements of these measures, numbered in their order. A day in a store is one visit, where so set."""
    made: list[Moved] = []
    visited: set[tuple[int, dt.date, str]] = set()
    for each in past:
        for number, measure in enumerate(measures):
            value = measured(measure, each, excluded=excluded)
            if not value:
                continue
            visit = (number, each.counted_on, each.purchase.store)
            if measure.counts is Counts.VISITS and by_store_day:
                if visit in visited:
                    continue
                visited.add(visit)
            made.append(Moved(each.counted_on, value, each.purchase.on, number))
    return tuple(made)


def total(
    measure: Measure,
    past: Iterable[Lived],
    first: dt.date,
    last: dt.date,
    *,
    excluded: Excluded = NOTHING,
    by_store_day: bool = True,
) -> int:
    """The sum of a measure over the days from first to last."""
    moved = movements([measure], past, excluded=excluded, by_store_day=by_store_day)
    return sum(each.value for each in moved if first <= each.on <= last)


def paid_for(
    measure: Measure,
    past: Iterable[Lived],
    first: dt.date,
    last: dt.date,
    *,
    excluded: Excluded = NOTHING,
    by_store_day: bool = True,
) -> tuple[tuple[int, int], ...]:
    """What each purchase of the days counts and what was paid for it, in their order; net of what came back.

    What was had for nothing, or came back wholly, counts nothing.
    """
    money = measure.model_copy(update={"counts": Counts.SPEND})
    made: dict[tuple[dt.date | dt.datetime, str, str], tuple[int, int]] = {}
    for each in past:
        if not first <= each.counted_on <= last:
            continue
        of = each.shrinks[0] if each.shrinks else each.purchase
        one_visit = measure.counts is Counts.VISITS and by_store_day
        key = (of.on, of.store, "") if one_visit else (of.at, of.store, of.id)
        count, minor = made.get(key, (0, 0))
        more = measured(measure, each, excluded=excluded)
        count = max(count, more) if one_visit else count + more
        made[key] = (count, minor + measured(money, each, excluded=excluded))
    return tuple(each for each in made.values() if min(each) > 0)


def extra_part(
    extra: ExtraPart,
    base: Measure,
    past: Iterable[Lived],
    first: dt.date,
    last: dt.date,
    *,
    excluded: Excluded = NOTHING,
) -> int:
    """How much of the base an extra names; what comes back of it, by when it was bought."""
    of_days = (each for each in past if first <= each.counted_on <= last)
    return sum(value for _, value in extra_parts(extra, base, of_days, excluded=excluded))


def extra_parts(
    extra: ExtraPart, base: Measure, past: Iterable[Lived], *, excluded: Excluded = NOTHING
) -> Iterator[tuple[dt.date, int]]:
    """The same of each purchase, with the day on which it counts."""
    narrowed = base.model_copy(update={"on": extra.on or base.on})
    for each in past:
        if missed(extra.when, each.shrinks[0] if each.shrinks else each.purchase, each.member) is None:
            yield each.counted_on, measured(narrowed, each, excluded=excluded)
