"""What gifts for joining, renewing and special days would have given one account over a replayed past. Pure.

Of several gifts to choose from the first stands for the choice. What isn't known from receipts gives nothing: events,
referrals, anniversaries, and birthdays of relatives who aren't children.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from erp_club.clubs.periods import Span
from erp_club.kernel.dates import celebrated
from erp_club.programmes.engine.calendar import span_of
from erp_club.programmes.engine.gifts import Given
from erp_club.programmes.engine.measure import Lived
from erp_club.programmes.engine.occasions import Celebrant, granted, grown, window
from erp_club.programmes.engine.parts import Every, Period
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import Occasion, OccasionKind
from erp_club.reports.what_if_gifts import gifts_of
from erp_club.reports.what_if_rewards import Member, Rewarded, Sums


@dataclass(frozen=True, slots=True)
class Person:
    """One of those who share an account: the days that they celebrate, and that of their first purchase."""

    first_bought: dt.date
    birthday: dt.date | None = None
    children: tuple[dt.date, ...] = ()


def gives_on_occasions(programme: Programme) -> Mapping[str, tuple[Mapping[str, str], Given]]:
    """What occasions give, by the name under which it is told, with what the occasion is called."""
    made: dict[str, tuple[Mapping[str, str], Given]] = {}
    for rule in programme.occasions:
        names = {str(language): text for language, text in rule.names.items()}
        made |= {f"{rule.code}.{number}": (names, each) for number, each in enumerate(rule.gives)}
    return made


def on_occasions(
    programme: Programme,
    past: Sequence[Lived],
    who: Member,
    people: Sequence[Person],
    terms: Sequence[Span],
    *,
    today: dt.date,
) -> Iterator[Rewarded]:
    """All that they give up to today; `past` is asked by those alone that need a balance or purchases."""
    for rule in programme.occasions:
        sums = [Sums.of(programme, need.measure, past) for need in rule.needs]
        for on, date in _days(rule, who, people, terms, today):
            if date is not None:
                points = sum(each.points for each in past if each.counted_on <= on)
                celebrant = Celebrant(who.joined_on, date, points=points, level=who.level_on(on))
                made = granted(rule, celebrant, on)
                given, age = made.span is not None, made.age
            else:
                given, age = not rule.levels or who.level_on(on) in rule.levels, None
            if given and _meets(rule, sums, who, terms, on):
                gives = [grown(rule, each, age) for each in rule.gives]
                yield from gifts_of(rule.code, gives[:1] if rule.choose else gives, on)


def _days(
    rule: Occasion, who: Member, people: Sequence[Person], terms: Sequence[Span], today: dt.date
) -> Iterator[tuple[dt.date, dt.date | None]]:
    """The days on which it may be given, each with the day that is celebrated, if one is."""
    match rule.occasion:
        case OccasionKind.JOINING:
            yield who.joined_on, None
        case OccasionKind.RENEWAL:
            yield from ((each.first, None) for each in terms[1:])
        case OccasionKind.FIRST_PURCHASE:
            yield from ((each.first_bought, None) for each in people)
        case OccasionKind.MEMBERSHIP:
            yield from _each_year(rule, who.joined_on, who.joined_on, today, first_year=who.joined_on.year + 1)
        case OccasionKind.BIRTHDAY:
            for each in people:
                if each.birthday is not None:
                    yield from _each_year(rule, each.birthday, who.joined_on, today)
        case OccasionKind.RELATIVE_BIRTHDAY if not rule.relatives or "child" in rule.relatives:
            for date in (child for each in people for child in each.children):
                yield from _each_year(rule, date, who.joined_on, today)
        case _:
            return


def _each_year(
    rule: Occasion, date: dt.date, joined_on: dt.date, today: dt.date, *, first_year: int | None = None
) -> Iterator[tuple[dt.date, dt.date | None]]:
    """The first day of each year's days around one that is celebrated, from joining on."""
    assert rule.around is not None
    for year in range(first_year or joined_on.year, today.year + 2):
        span = window(rule.around, date, celebrated(date, year)) if year >= date.year else None
        on = None if span is None else max(span.first, joined_on)
        if span is not None and on is not None and span.holds(on) and on <= today:
            yield on, date


def _meets(rule: Occasion, sums: Sequence[Sums], who: Member, terms: Sequence[Span], on: dt.date) -> bool:
    """Whether the account has what the rule asks for besides: of each need, what moved on days."""
    term = next((each for each in reversed(terms) if each.first <= on), Span(who.joined_on, None))
    for need, moved in zip(rule.needs, sums, strict=True):
        span = span_of(need.period or Period(every=Every.EVER), on, joined_on=who.joined_on, term=term)
        if moved.over(span.first, on) < need.at_least:
            return False
    return True
