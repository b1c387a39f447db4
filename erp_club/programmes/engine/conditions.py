"""Whether a rule holds for a purchase and a member, and if not, why. Pure."""

import datetime as dt
from collections.abc import Iterator
from enum import StrEnum

from erp_club.kernel.dates import any_aged, celebrated, is_near
from erp_club.programmes.engine.facts import MemberFacts, Purchase
from erp_club.programmes.engine.parts import ALWAYS, Birthday, Keys, When
from erp_club.promotions.engine.dates import falls_on


class Why(StrEnum):
    """Why a rule gave nothing. The value is what JSON says; words are made above."""

    WRONG_DAY = "wrong_day"
    WRONG_HOUR = "wrong_hour"
    WRONG_STORE = "wrong_store"
    WRONG_CHANNEL = "wrong_channel"
    WRONG_LEVEL = "wrong_level"
    NOT_IN_SEGMENT = "not_in_segment"
    NOT_BIRTHDAY = "not_birthday"
    TOO_LITTLE = "too_little"
    TOO_MUCH = "too_much"
    WRONG_PURCHASE_NUMBER = "wrong_purchase_number"
    JOINED_TOO_LONG_AGO = "joined_too_long_ago"
    JOINED_TOO_LATELY = "joined_too_lately"
    WRONG_AGE = "wrong_age"
    NO_SUCH_CHILD = "no_such_child"
    WRONG_MEANS = "wrong_means"
    NOT_CONFIRMED = "not_confirmed"
    NO_SUCH_LINE = "no_such_line"
    EARNED_BY_OTHER = "earned_by_other"
    EXCLUDED = "excluded"
    NOT_FULL = "not_full"
    CEILING = "ceiling"
    CEILING_OF_MONTH = "ceiling_of_month"
    NOT_PAYER = "not_payer"
    EARNING_ENDED = "earning_ended"
    REDEEMING_ENDED = "redeeming_ended"
    VISITED_ALREADY = "visited_already"
    TOO_SOON = "too_soon"
    BALANCE_TOO_LOW = "balance_too_low"
    TOO_LATE = "too_late"
    TOO_EARLY = "too_early"
    USED_UP = "used_up"
    TOO_MANY_UNUSED = "too_many_unused"
    LEVEL_REACHED = "level_reached"
    NOT_MEMBER = "not_member"
    CONDITION_UNMET = "condition_unmet"
    DATE_UNKNOWN = "date_unknown"
    NOT_DECLARED = "not_declared"


def missed(when: When, purchase: Purchase, member: MemberFacts) -> Why | None:
    """The first thing that isn't so; None where the rule holds."""
    if when is ALWAYS:
        return None
    return next(_missed(when, purchase, member), None)


def _missed(when: When, purchase: Purchase, member: MemberFacts) -> Iterator[Why]:
    yield from _wrong_time(when, purchase.at)
    if (when.stores and purchase.store not in when.stores) or purchase.store in when.without_stores:
        yield Why.WRONG_STORE
    if when.channels and purchase.channel not in when.channels:
        yield Why.WRONG_CHANNEL
    yield from _wrong_sum(when, purchase)
    yield from _wrong_member(when, purchase.on, member)
    if when.means and purchase.tenders and not any(each.means in when.means for each in purchase.tenders):
        yield Why.WRONG_MEANS
    if when.without_means and _paid_by(when.without_means, purchase):
        yield Why.WRONG_MEANS
    if when.confirm is not None and when.confirm not in purchase.confirmed:
        yield Why.NOT_CONFIRMED


def _paid_by(means: Keys, purchase: Purchase) -> bool:
    return (purchase.uses_points and "points" in means) or any(each.means in means for each in purchase.tenders)


def _wrong_time(when: When, at: dt.datetime) -> Iterator[Why]:
    day, clock = at.date(), at.time()
    if (
        (when.first_day is not None and day < when.first_day)
        or (when.last_day is not None and day > when.last_day)
        or (when.weekdays and day.isoweekday() not in when.weekdays)
        or (when.month_days and day.day not in when.month_days)
        or (when.days and not falls_on(when.days, day))
        or falls_on(when.without_days, day)
    ):
        yield Why.WRONG_DAY
    first, before = when.from_time, when.to_time
    if first is not None and before is not None:
        inside = first <= clock < before if first < before else clock >= first or clock < before
        if not inside:
            yield Why.WRONG_HOUR


def _wrong_sum(when: When, purchase: Purchase) -> Iterator[Why]:
    total = purchase.total_minor
    if when.least_minor is not None and total < when.least_minor:
        yield Why.TOO_LITTLE
    if when.most_minor is not None and total > when.most_minor:
        yield Why.TOO_MUCH


def _wrong_member(when: When, day: dt.date, member: MemberFacts) -> Iterator[Why]:
    if when.levels and member.level not in when.levels:
        yield Why.WRONG_LEVEL
    if when.segments and not member.segments & set(when.segments):
        yield Why.NOT_IN_SEGMENT
    number = member.purchases + 1
    if number < (when.first_purchase or 1) or (when.last_purchase is not None and number > when.last_purchase):
        yield Why.WRONG_PURCHASE_NUMBER
    within = when.joined_within_days
    if within is not None and (member.joined_on is None or (day - member.joined_on).days > within):
        yield Why.JOINED_TOO_LONG_AGO
    least = when.joined_for_days
    if least is not None and (member.joined_on is None or (day - member.joined_on).days < least):
        yield Why.JOINED_TOO_LATELY
    if when.birthday is not None and not _is_birthday(when, when.birthday, member.birthday, day):
        yield Why.NOT_BIRTHDAY
    if when.min_age is not None or when.max_age is not None:
        born = () if member.birthday is None else (member.birthday,)
        if not any_aged(born, day, when.min_age, when.max_age):
            yield Why.WRONG_AGE
    asks_child = when.child_min_age is not None or when.child_max_age is not None
    if asks_child and not any_aged(member.children, day, when.child_min_age, when.child_max_age):
        yield Why.NO_SUCH_CHILD


def _is_birthday(when: When, kind: Birthday, born: dt.date | None, day: dt.date) -> bool:
    if born is None:
        return False
    if kind is not Birthday.DAY:
        return is_near(born, day, kind)
    days = (day - celebrated(born, year) for year in (day.year - 1, day.year, day.year + 1))
    return any(-when.birthday_before <= each.days <= when.birthday_after for each in days)
