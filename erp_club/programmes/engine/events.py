"""Points for events, and purchases that are registered late. Pure."""

import datetime as dt
from dataclasses import dataclass

from erp_club.programmes.engine.conditions import Why, missed
from erp_club.programmes.engine.earn import RuleEarned
from erp_club.programmes.engine.earning import EventPoints
from erp_club.programmes.engine.facts import MemberFacts, Purchase
from erp_club.programmes.engine.programme import Programme


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What has been given for an event before: in all, for its subject, today, and in the year."""

    times: int = 0
    for_subject: int = 0
    today: int = 0
    this_year: int = 0


def event_points(
    rule: EventPoints, facts: EventFacts, *, on: dt.date, purchased_on: dt.date | None, member: MemberFacts
) -> RuleEarned:
    """The points for an event, or why there are none."""
    before = {
        "ever": facts.times, "subject": facts.for_subject, "day": facts.today, "year": facts.this_year, "no": 0
    }[rule.once]  # fmt: skip
    if before or (rule.most_times is not None and facts.times >= rule.most_times):
        return RuleEarned(rule.code, why=Why.USED_UP)
    if rule.within_days is not None and purchased_on is not None and (on - purchased_on).days > rule.within_days:
        return RuleEarned(rule.code, why=Why.TOO_LATE)
    at = Purchase(dt.datetime.combine(on, dt.time(12)), ())
    why = missed(rule.when, at, member)
    return RuleEarned(rule.code, why=why) if why else RuleEarned(rule.code, rule.points, 1)


def may_register(programme: Programme, *, sold_on: dt.date, on: dt.date, this_month: int = 0) -> Why | None:
    """Whether a purchase made without the card can still be registered; day D + N is the last."""
    late = programme.earning.late
    if late is None or on > sold_on + dt.timedelta(days=late.days):
        return Why.TOO_LATE
    if late.most_per_month is not None and this_month >= late.most_per_month:
        return Why.USED_UP
    return None
