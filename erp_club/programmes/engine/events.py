"""Points and gifts for events, and purchases that are registered late. Pure."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from erp_club.clubs.periods import add_months
from erp_club.kernel.money import round_div
from erp_club.programmes.engine.conditions import Why, missed
from erp_club.programmes.engine.earn import ROUNDING, RuleEarned
from erp_club.programmes.engine.earning import EventPoints, WhenReturned
from erp_club.programmes.engine.facts import MemberFacts, Purchase
from erp_club.programmes.engine.parts import Round
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import Occasion, OccasionKind

JOINING, RENEWAL, FIRST_PURCHASE = "joining", "renewal", "first_purchase"
REFERRAL, REFERRED = "referral", "referred"
"""What the product tells of itself: the friend's own side of a referral is `referred`."""
_OCCASIONS = {
    JOINING: OccasionKind.JOINING,
    RENEWAL: OccasionKind.RENEWAL,
    FIRST_PURCHASE: OccasionKind.FIRST_PURCHASE,
    REFERRAL: OccasionKind.REFERRER,
    REFERRED: OccasionKind.REFERRED,
}


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What has been given for an event before: in all, for its subject, today, and in the year."""

    times: int = 0
    for_subject: int = 0
    today: int = 0
    this_year: int = 0


@dataclass(frozen=True, slots=True)
class Having:
    """What conditions of a gift ask of the member."""

    joined_on: dt.date
    points: int = 0
    level: str | None = None


def points_rules(programme: Programme, event: str) -> tuple[EventPoints, ...]:
    """The rules that give points for an event."""
    return tuple(each for each in programme.earning.events if each.event == event)


def counter_rules(programme: Programme, event: str) -> tuple[tuple[str, EventPoints], ...]:
    """The rules by which counters count an event, each with its counter."""
    return tuple((of.code, each) for of in programme.counters for each in of.events if each.event == event)


def counter_of(programme: Programme, rule: str) -> str | None:
    """Which counter a rule for events belongs to; None for one that gives points."""
    return next((of.code for of in programme.counters for each in of.events if each.code == rule), None)


def gift_rules(programme: Programme, event: str) -> tuple[Occasion, ...]:
    """The rules that give something else for it."""
    return tuple(each for each in programme.occasions if _fits(each, event))


def _fits(rule: Occasion, event: str) -> bool:
    return rule.event == event or rule.occasion is _OCCASIONS.get(event)


def events_of(programme: Programme) -> frozenset[str]:
    """All events for which the programme gives anything, or lets points be used."""
    return frozenset(_named(programme))


def _named(programme: Programme) -> Iterator[str]:
    for rule in (*programme.earning.events, *(each for of in programme.counters for each in of.events)):
        yield REFERRAL if rule.event == REFERRED else rule.event
    if programme.earning.available.on_event is not None:
        yield programme.earning.available.on_event
    by_kind = {kind: name for name, kind in _OCCASIONS.items()} | {OccasionKind.REFERRED: REFERRAL}
    for gift in programme.occasions:
        if gift.event is not None:
            yield gift.event
        elif gift.occasion in by_kind:
            yield by_kind[gift.occasion]


def waits_for_purchase(rule: EventPoints | Occasion) -> bool:
    """Whether it gives only once a friend has bought."""
    return rule.after_purchase_minor is not None


def once_key(rule: EventPoints | Occasion, *, subject: str, on: dt.date, number: int) -> str:
    """By what a rule is known to have given already: the same key never gives twice. `number` is the event's own."""
    once = rule.once if isinstance(rule, EventPoints) else "subject"
    keys = {"ever": "", "subject": subject, "day": on.isoformat(), "year": str(on.year), "no": f"#{number}"}
    return keys[once]


@dataclass(frozen=True, slots=True)
class About:
    """The purchase that an event is about: its day, and what it came to."""

    on: dt.date
    minor: int


def event_points(
    rule: EventPoints,
    facts: EventFacts,
    *,
    at: Purchase,
    about: About | None,
    member: MemberFacts,
    rounding: Round = Round.DOWN,
) -> RuleEarned:
    """The points for an event, or why there are none. `at` is the moment and the place of it, without lines."""
    before = {
        "ever": facts.times, "subject": facts.for_subject, "day": facts.today, "year": facts.this_year, "no": 0
    }[rule.once]  # fmt: skip
    if before or (rule.most_times is not None and facts.times >= rule.most_times):
        return RuleEarned(rule.code, why=Why.USED_UP)
    if rule.within_days is not None and about is not None and (at.on - about.on).days > rule.within_days:
        return RuleEarned(rule.code, why=Why.TOO_LATE)
    why = missed(rule.when, at, member)
    if why:
        return RuleEarned(rule.code, why=why)
    points = rule.points
    if rule.per_minor is not None:
        points = round_div(rule.points * max(0, about.minor if about else 0), rule.per_minor, ROUNDING[rounding])
    return RuleEarned(rule.code, points, 1) if points else RuleEarned(rule.code, why=Why.TOO_LITTLE)


def gift_missed(rule: Occasion, facts: EventFacts, who: Having, *, on: dt.date) -> Why | None:
    """Why a gift for an event isn't given; None where it is."""
    if facts.for_subject or (rule.most_per_year is not None and facts.this_year >= rule.most_per_year):
        return Why.USED_UP
    if rule.levels and who.level not in rule.levels:
        return Why.WRONG_LEVEL
    if rule.least_points and who.points < rule.least_points:
        return Why.BALANCE_TOO_LOW
    if rule.least_months and add_months(who.joined_on, rule.least_months) > on:
        return Why.TOO_EARLY
    return None


def goes_with(rule: EventPoints, *, is_whole: bool) -> bool:
    """Whether points go with what came back of their purchase, all of it or something."""
    return rule.returned is WhenReturned.ANY or (rule.returned is WhenReturned.WHOLE and is_whole)


def may_register(programme: Programme, *, sold_on: dt.date, on: dt.date, this_month: int = 0) -> Why | None:
    """Whether a purchase made without the card can still be registered; day D + N is the last."""
    late = programme.earning.late
    if late is None or on > sold_on + dt.timedelta(days=late.days):
        return Why.TOO_LATE
    if late.most_per_month is not None and this_month >= late.most_per_month:
        return Why.USED_UP
    return None
