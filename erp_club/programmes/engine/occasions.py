"""Rewards for occasions: whose day it is, from when to when they can be used, and what they are worth. Pure."""

import datetime as dt
from dataclasses import dataclass

from erp_club.clubs.periods import Span, add_months
from erp_club.kernel.money import Rounding, round_div
from erp_club.programmes.engine.calendar import DAY, age_on, celebrated, member_year, span_of
from erp_club.programmes.engine.conditions import Why, missed
from erp_club.programmes.engine.facts import MemberFacts, Purchase
from erp_club.programmes.engine.gifts import DiscountGiven, Given, Until, Usable, Use
from erp_club.programmes.engine.lines import in_scope, passed_over
from erp_club.programmes.engine.parts import NOTHING, Every, Excluded, Period
from erp_club.programmes.engine.rewards import DATED, Around, Occasion, OccasionKind


@dataclass(frozen=True, slots=True)
class Celebrant:
    """What decides over an occasional reward. `date` is the birthday or anniversary (a relative's, where it is that).

    `known_on`: the day on which we learnt the date. `used` are the occasions (first day of the window) used before.
    """

    joined_on: dt.date
    date: dt.date | None = None
    known_on: dt.date | None = None
    points: int = 0
    level: str | None = None
    used: frozenset[dt.date] = frozenset()
    used_this_year: int = 0


def window(around: Around, date: dt.date, day: dt.date) -> Span | None:
    """The days around the yearly day that hold `day`, over the turn of the year too; None where none do."""
    for year in (day.year - 1, day.year, day.year + 1):
        if year < 1:
            continue
        span = _window(around, celebrated(date, year))
        if span.holds(day):
            return span
    return None


def _window(around: Around, day: dt.date) -> Span:
    if not around.whole_months:
        return Span(day - dt.timedelta(days=around.days_before), day + dt.timedelta(days=around.days_after))
    first = add_months(day.replace(day=1), -around.months_before)
    return Span(first, add_months(day.replace(day=1), around.months_after + 1) - DAY)


@dataclass(frozen=True, slots=True)
class Granted:
    """Whether the reward can be had on a day, in which days it can be used, or why not."""

    span: Span | None = None
    age: int | None = None
    why: Why | None = None


def granted(rule: Occasion, who: Celebrant, day: dt.date) -> Granted:
    """Whether a birthday or anniversary reward is the member's on a day."""
    if rule.around is None:
        return Granted(why=Why.WRONG_DAY)
    if who.date is None:
        return Granted(why=Why.DATE_UNKNOWN)
    span = window(rule.around, who.date, day)
    if span is None:
        return Granted(why=Why.WRONG_DAY)
    age = age_on(who.date, span.last or day)
    why = _unmet(rule, who, span)
    if why is None and not (rule.from_age or 0) <= age <= (age if rule.to_age is None else rule.to_age):
        why = Why.WRONG_AGE
    return Granted(why=why) if why else Granted(span, age)


def _unmet(rule: Occasion, who: Celebrant, span: Span) -> Why | None:
    if span.first in who.used:
        return Why.USED_UP
    if rule.most_per_year is not None and who.used_this_year >= rule.most_per_year:
        return Why.USED_UP
    known = who.known_on or who.joined_on
    if rule.known_at_joining and known > who.joined_on:
        return Why.TOO_LATE
    if rule.known_days_before and known > span.first - dt.timedelta(days=rule.known_days_before):
        return Why.TOO_LATE
    if rule.least_points and who.points < rule.least_points:
        return Why.BALANCE_TOO_LOW
    if rule.levels and who.level not in rule.levels:
        return Why.WRONG_LEVEL
    if add_months(who.joined_on, rule.least_months) > span.first and rule.least_months:
        return Why.TOO_EARLY
    return None


def usable(issue: Use, issued_on: dt.date, *, joined_on: dt.date | None = None) -> Span:
    """From when to when something that is given on a day can be used; "N months from D" includes D + N."""
    first = issued_on
    if issue.usable_after_days is not None:
        first = issued_on + dt.timedelta(days=issue.usable_after_days)
    elif issue.usable is Usable.DAY and issue.usable_from is not None:
        first = max(issued_on, issue.usable_from)
    last: dt.date | None = None
    if issue.valid_days is not None:
        last = issued_on + dt.timedelta(days=issue.valid_days)
    elif issue.valid_months is not None:
        last = add_months(issued_on, issue.valid_months)
    elif issue.valid_to is not None:
        last = max(issue.valid_to, first)
    if issue.valid_until is Until.TERM_END:
        last = member_year(joined_on or issued_on, last or issued_on).last
    elif issue.valid_until is not None and issue.valid_until in _ENDS:
        last = span_of(Period(every=_ENDS[issue.valid_until]), last or issued_on).last
    return Span(first, last)


_ENDS = {
    Until.MONTH_END: Every.MONTH, Until.QUARTER_END: Every.QUARTER, Until.HALF_YEAR_END: Every.HALF_YEAR,
    Until.YEAR_END: Every.YEAR,
}  # fmt: skip


def grown(rule: Occasion, gives: Given, age: int | None) -> Given:
    """What is given at an age: it grows by so much a year, to the ceiling."""
    growth = rule.growth
    if growth is None or age is None or "amount_minor" not in type(gives).model_fields:
        return gives
    base: int = getattr(gives, "amount_minor", None) or 0
    value = base + max(0, age - growth.from_age) * growth.per_year_minor
    return gives.model_copy(update={"amount_minor": min(value, growth.most_minor or value)})


@dataclass(frozen=True, slots=True)
class Off:
    """What a discount takes off a purchase, or why nothing."""

    amount_minor: int = 0
    why: Why | None = None


def discount(
    rule: Occasion, gives: DiscountGiven, purchase: Purchase, member: MemberFacts, *, excluded: Excluded = NOTHING
) -> Off:
    """What a discount that the member holds takes off a purchase."""
    why = missed(rule.when, purchase, member)
    if why is not None:
        return Off(why=why)
    fitting = [line for line in purchase.lines if in_scope(gives.on, line) and not passed_over(excluded, line)]
    base = sum(max(0, line.paid_minor) for line in fitting)
    if base == 0:
        return Off(why=Why.EXCLUDED if purchase.lines else Why.NO_SUCH_LINE)
    if gives.least_minor is not None and base < gives.least_minor:
        return Off(why=Why.TOO_LITTLE)
    amount = gives.amount_minor or 0
    if gives.per_unit:
        amount = sum(min(line.paid_minor, round_div(amount * line.quantity_milli, 1_000, Rounding.HALF_UP))
                     for line in fitting if line.paid_minor > 0)  # fmt: skip
    amount = min(base, amount)
    if gives.off_bp is not None:
        amount = (base * gives.off_bp * 2 + 10_000) // 20_000
    return Off(min(amount, gives.cap_minor or amount))


def is_dated(kind: OccasionKind) -> bool:
    """Whether the occasion comes every year."""
    return kind in DATED
