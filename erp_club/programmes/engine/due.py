"""Which days a period reward is settled for, and when. Pure."""

import calendar
import datetime as dt

from erp_club.clubs.periods import Span
from erp_club.programmes.engine.calendar import DAY, member_year, span_of
from erp_club.programmes.engine.gifts import At, Giving
from erp_club.programmes.engine.membership import LifetimeTerm, Term
from erp_club.programmes.engine.parts import Counts, Every, Period
from erp_club.programmes.engine.rewards import ByAverage, ByEvery, ByThreshold, PeriodReward, Reached


def goes_along(rule: PeriodReward) -> bool:
    """Whether it gives each night what was reached so far: each full amount, or each step.

    Percentages, and the highest of several steps, wait for the period's end, and so does what points are taken for. A
    day ends with its night anyway, so it goes along only where a sale gives at once.
    """
    return (
        (isinstance(rule.function, ByEvery | ByAverage) or _by_each_step(rule))
        and rule.issue.at is not At.PERIOD_END
        and rule.issue.published_on is None
        and rule.base.counts is not Counts.BALANCE
        and (rule.period.every is not Every.DAY or _at_once(rule))
    )


def _at_once(rule: PeriodReward) -> bool:
    return rule.issue.at is At.REACHED and not rule.issue.after_days


def _by_each_step(rule: PeriodReward) -> bool:
    function = rule.function
    if not isinstance(function, ByThreshold) or rule.takes:
        return False
    return function.reached is Reached.EACH or len(function.steps) == 1


def in_the_sale(rule: PeriodReward) -> bool:
    """Whether a sale gives what it reaches, at once; what is reached otherwise comes in the night after."""
    return goes_along(rule) and _at_once(rule)


def span_to_settle(rule: PeriodReward, last: dt.date, *, joined_on: dt.date, term: Span) -> Span | None:
    """The period of a member that ends on a day, or that is settled up to it; None where it does neither."""
    span = span_of(_period(rule), last, joined_on=joined_on, term=term)
    if goes_along(rule):
        return Span(span.first, last)
    return span if span.last == last else None


def joined_days(rule: PeriodReward, last: dt.date) -> list[str] | None:
    """Month and day on which those joined whose period ends on a day; None where that doesn't hang on it."""
    if rule.period.every is not Every.MEMBER_YEAR or goes_along(rule):
        return None
    begins = last + DAY
    if rule.period.whole_months:
        return [f"{begins:%m}{day:02}" for day in range(1, 32)] if begins.day == 1 else []
    days = [f"{begins:%m%d}"]
    if (begins.month, begins.day) == (2, 28) and not calendar.isleap(begins.year):
        days.append("0229")
    return days


def year_ends(last: dt.date, *, joined_on: dt.date) -> bool:
    """Whether the member's year ends on the day."""
    return member_year(joined_on, last).last == last


def ends(rule: PeriodReward, last: dt.date) -> bool:
    """Whether anybody's period of the rule may end on the day, or is settled up to it."""
    if goes_along(rule) or rule.period.every in {Every.MEMBER_YEAR, Every.TERM}:
        return True
    return span_of(_period(rule), last).last == last


def _period(rule: PeriodReward) -> Period:
    """Its own; what stands on the account is looked at each night, where that has no end."""
    each_night = rule.base.counts is Counts.BALANCE and rule.period.every is Every.EVER
    return Period(every=Every.DAY) if each_night and rule.issue.at is not At.PERIOD_END else rule.period


def gives_never(rule: PeriodReward, term: Term) -> bool:
    """Whether it waits for the end of a period that has none."""
    every = _period(rule).every
    endless = every is Every.EVER or (every is Every.TERM and isinstance(term, LifetimeTerm))
    return endless and not goes_along(rule)


def gift_due(issue: Giving, reached: dt.date, ends: dt.date | None) -> dt.date:
    """The day on which what was reached on a day is given; `ends` is the last day of the period it was reached in."""
    day = reached
    if issue.at is At.NIGHT:
        day += DAY
    elif issue.at is At.PERIOD_END:
        day = (ends or reached) + DAY
    day += dt.timedelta(days=issue.after_days)
    return day if issue.published_on is None else max(day, issue.published_on)


def given_on(rule: PeriodReward, last: dt.date) -> dt.date:
    """The day on which what a period brought is given by itself: days after its end, or when it is published."""
    first = last + dt.timedelta(days=1 + rule.issue.after_days)
    published = rule.issue.published_on
    return first if published is None else max(first, published)
