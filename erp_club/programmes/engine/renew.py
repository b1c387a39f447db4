"""Who may join, what joining, renewing and leaving cost, and until when a membership holds. Pure."""

import datetime as dt
from collections.abc import Iterator, Set
from dataclasses import dataclass

from erp_club.clubs.periods import Span, add_months, first_period
from erp_club.kernel.dates import celebrated, month_end
from erp_club.kernel.money import Rounding, round_div
from erp_club.programmes.engine.calendar import DAY
from erp_club.programmes.engine.membership import (
    AgeTerm,
    DateTerm,
    Fees,
    Household,
    LevelFee,
    LifetimeTerm,
    MonthsTerm,
    Refund,
    SlidingTerm,
    Staff,
    Waiver,
    WaiverStep,
    Way,
)
from erp_club.programmes.engine.places import ANY_STORE, Doing, Where, works
from erp_club.programmes.engine.programme import Programme


@dataclass(frozen=True, slots=True)
class Applicant:
    """Somebody who wants to join. `age` None is unknown; `known` are the fields of the form that are filled in.

    `where` is None at the back office.
    """

    way: Way = Way.REQUEST
    age: int | None = None
    has_guardian: bool = False
    is_private: bool = True
    is_staff: bool = False
    country: str | None = None
    known: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    clubs: frozenset[str] = frozenset()
    where: Where | None = ANY_STORE
    purchase_minor: int = 0
    invited_on: dt.date | None = None
    born: dt.date | None = None
    """The birthday by which the term goes."""


def may_not_join(programme: Programme, who: Applicant, *, on: dt.date) -> tuple[str, ...]:
    """What keeps the applicant from joining, by the name of the parameter; empty where nothing does."""
    joining, rule = programme.joining, programme.joining.eligibility
    found: dict[str, bool] = {
        "channels.joining": not works(programme.channels, Doing.JOINING, who.where),
        "joining.ways": who.way not in joining.ways,
        "joining.purchase_minor": who.way is Way.PURCHASE and who.purchase_minor < (joining.purchase_minor or 0),
        "joining.invitation_days": who.way is Way.INVITATION and _invitation_over(programme, who.invited_on, on),
        "joining.eligibility.min_age": rule.min_age is not None and (who.age is None or who.age < rule.min_age),
        "joining.eligibility.max_age": rule.max_age is not None and (who.age is None or who.age > rule.max_age),
        "joining.eligibility.guardian_below_age": rule.guardian_below_age is not None
        and (who.age is None or who.age < rule.guardian_below_age)
        and not who.has_guardian,
        "joining.eligibility.private_only": rule.private_only and not who.is_private,
        "joining.eligibility.staff": (rule.staff is Staff.EXCLUDED and who.is_staff)
        or (rule.staff is Staff.ONLY and not who.is_staff),
        "joining.eligibility.countries": bool(rule.countries) and who.country not in rule.countries,
        "joining.eligibility.required_data": not set(rule.required_data) <= who.known,
        "joining.eligibility.segments": bool(rule.segments) and not who.segments & set(rule.segments),
        "joining.eligibility.not_with_clubs": bool(who.clubs & set(rule.not_with_clubs)),
        "term.age": isinstance(programme.term, AgeTerm) and _is_too_old(programme.term, who.born, on),
    }
    return tuple(name for name, hinders in found.items() if hinders)


def _invitation_over(programme: Programme, invited_on: dt.date | None, on: dt.date) -> bool:
    days = programme.joining.invitation_days
    return invited_on is None or (days is not None and on > invited_on + dt.timedelta(days=days))


def _is_too_old(term: AgeTerm, born: dt.date | None, on: dt.date) -> bool:
    return born is None or _last_of_age(term, born) < on


def _last_of_age(term: AgeTerm, born: dt.date) -> dt.date:
    return celebrated(born, born.year + term.age) - DAY


def first_term(programme: Programme, start: dt.date, born: dt.date | None = None, *, months: int | None = None) -> Span:
    """The days that joining gives, so many `months` where another length than the usual one was chosen.

    `born` is the birthday by which they go, where they go by one.
    """
    term = programme.term
    match term:
        case MonthsTerm():
            return first_period(start, months or term.months, to_month_end=term.to_month_end)
        case SlidingTerm():
            return Span(start, slid_until(term, start))
        case LifetimeTerm():
            return Span(start, None)
        case DateTerm():
            return Span(start, _date_end(term, start))
        case AgeTerm():
            return Span(start, None if born is None else max(start, _last_of_age(term, born)))


def terms_ahead(programme: Programme, start: dt.date) -> Iterator[Span]:
    """The terms of a membership that begins on a day and is renewed each time when it ends; at last one without end.

    A term that purchases move, or that goes by a birthday, has none here.
    """
    span = first_term(programme, start)
    if isinstance(programme.term, SlidingTerm):
        span = Span(start, None)
    while span.last is not None:
        yield span
        after = span.last + DAY
        match programme.term:
            case MonthsTerm(to_month_end=to_month_end, months=months):
                span = first_period(after, programme.renewal.months or months, to_month_end=to_month_end)
            case _:
                span = first_term(programme, after)
                span = Span(after, None) if span.last == after else span
    yield span


def _date_end(term: DateTerm, start: dt.date) -> dt.date:
    if term.last_day is not None:
        return max(term.last_day, start)
    assert term.each_year is not None
    for year in range(start.year, start.year + 3):
        month, day = term.each_year.month, term.each_year.day
        end = dt.date(year, month, 28) if (month, day) == (2, 29) and year % 4 else dt.date(year, month, day)
        if end >= start and (end - start).days >= term.least_days:
            return end
    return start


def slid_until(term: SlidingTerm, purchased_on: dt.date) -> dt.date:
    """The last day of a sliding term after a purchase."""
    last = add_months(purchased_on, term.months) - DAY
    return month_end(last) if term.to_month_end else last


def may_renew(programme: Programme, last_day: dt.date, on: dt.date) -> bool:
    """Whether it isn't too early to renew."""
    earliest = programme.renewal.earliest_days
    return earliest is None or on >= last_day - dt.timedelta(days=earliest)


@dataclass(frozen=True, slots=True)
class Fee:
    """What is due, what it would be without the waiver, and how much of the term's purchases is missing for less.

    With `missing_minor` more it costs `then_minor`.
    """

    due_minor: int
    full_minor: int
    missing_minor: int = 0
    product: str | None = None
    now_minor: int = 0
    """What is to be paid now, the rest in instalments."""
    then_minor: int = 0


def fees_for(fees: Fees, segments: Set[str]) -> Fees:
    """The fees as they are for somebody in these segments; those of paid levels are everybody's."""
    terms = tuple(each for each in fees.terms if not each.segments or segments & set(each.segments))
    fees = fees.model_copy(update={"terms": terms})
    fitting = [each for each in fees.segments if segments & set(each.segments)]
    if not fitting:
        return fees
    joining = min(fees.joining_minor, *(each.joining_minor for each in fitting))
    renewal = min(fees.renewal_minor, *(each.renewal_minor for each in fitting))
    return fees.model_copy(update={"joining_minor": joining, "renewal_minor": renewal})


def joining_fee(fees: Fees, level: str | None = None, *, sale_minor: int = 0, months: int | None = None) -> Fee:
    """The fee of joining (at a paid level, for another length). `sale_minor`: the same sale as the waiver counts it.

    Raises LookupError where nobody can have that length.
    """
    full, waived = _price(fees, level, months, "joining_minor")
    due, missing, then = _waived(fees.joining_waiver if waived else None, full, sale_minor)
    now = due if fees.instalments is None else min(due, fees.instalments.first_minor)
    return Fee(due, full, missing, fees.joining_product, now, then)


def renewal_fee(fees: Fees, term_minor: int, level: str | None = None, *, months: int | None = None) -> Fee:
    """The fee of renewing. `term_minor`: the ending term's purchases up to now, net of returns, without fees.

    Raises LookupError where nobody can have that length.
    """
    full, waived = _price(fees, level, months, "renewal_minor")
    due, missing, then = _waived(fees.waiver if waived else None, full, term_minor)
    return Fee(due, full, missing, fees.renewal_product or fees.joining_product, due, then)


def _price(fees: Fees, level: str | None, months: int | None, name: str) -> tuple[int, bool]:
    """One of the two prices of a membership, and whether purchases may waive it."""
    if months is not None:
        fitting = [each for each in fees.terms if (each.months, each.level) == (months, level)]
        if not fitting:
            raise LookupError(months)
        chosen = min(fitting, key=lambda each: getattr(each, name))
        return getattr(chosen, name), chosen.waived
    return getattr(level_fee(fees, level) or fees, name), True


def lengths(programme: Programme, fees: Fees, *, level: str | None = None, renewing: bool = False) -> list[int]:
    """How many months one may choose in place of the usual ones, the shortest first."""
    term = programme.term
    if not isinstance(term, MonthsTerm):
        return []
    usual = (programme.renewal.months if renewing else None) or term.months
    return sorted({each.months for each in fees.terms if each.level == level} - {usual})


def chosen_months(programme: Programme, span: Span) -> int | None:
    """The length that was chosen for a term of these days; None for the usual one."""
    term = programme.term
    if not isinstance(term, MonthsTerm):
        return None
    others = {each.months for each in programme.fees.terms} - {term.months}
    made = ((each, first_period(span.first, each, to_month_end=term.to_month_end)) for each in sorted(others))
    return next((months for months, days in made if days == span), None)


def _waived(waiver: Waiver | None, full_minor: int, bought_minor: int) -> tuple[int, int, int]:
    """What is due of a fee, how much more has to be bought for less, and what it is then."""
    due, missing, then = full_minor, 0, 0
    for step in () if waiver is None else (waiver, *waiver.steps):
        costs = _costs(step, full_minor)
        if bought_minor >= step.at_least_minor:
            due = costs
        elif costs < due:
            missing, then = step.at_least_minor - bought_minor, costs
            break
    return due, missing, then


def _costs(step: WaiverStep, full_minor: int) -> int:
    """What it costs that would cost so much, once a step is reached; never more."""
    if step.fee_minor is not None:
        return min(step.fee_minor, full_minor)
    return full_minor - round_div(full_minor * step.off_bp, 10_000, Rounding.HALF_UP)


def upgrade_fee(programme: Programme, old: str | None, new: str, term: Span, on: dt.date) -> int:
    """What a paid level costs within the term: the difference, for the days that are left where it is prorated.

    In a term of another length it is the difference of that length's prices, where the level has one; else the usual
    price is for as many days as a usual term has.
    """
    fees, months = programme.fees, chosen_months(programme, term)
    after = level_fee(fees, new)
    if after is None:
        return 0
    days = 0 if term.last is None else (term.last - term.first).days + 1
    if months is not None and any((each.months, each.level) == (months, new) for each in fees.terms):
        own = any((each.months, each.level) == (months, old) for each in fees.terms)
        less = _price(fees, old if own else None, months if own else None, "joining_minor")[0]
        difference = max(0, _price(fees, new, months, "joining_minor")[0] - less)
    else:
        difference = max(0, after.joining_minor - (level_fee(fees, old) or fees).joining_minor)
        usual = first_term(programme, term.first)
        if months is not None and usual.last is not None:
            days = (usual.last - usual.first).days + 1
    if not after.upgrade_pro_rata or term.last is None:
        return difference
    left = max(0, (term.last - max(on, term.first)).days + 1)
    return round_div(difference * left, days, Rounding.HALF_UP)


def level_fee(fees: Fees, level: str | None) -> LevelFee | None:
    """The fee of a paid level; None where it has none of its own."""
    return next((each for each in fees.levels if each.level == level), None)


def refund_minor(fees: Fees, paid_minor: int, term: Span, on: dt.date, *, paid_on: dt.date | None = None) -> int:
    """What of a paid fee comes back when the membership ends on a day (the first without it)."""
    if fees.deposit or fees.refund is Refund.WHOLE:
        return paid_minor
    if fees.refund_days is not None and on <= (paid_on or term.first) + dt.timedelta(days=fees.refund_days):
        return paid_minor
    if fees.refund is Refund.NEVER or term.last is None:
        return 0
    days = (term.last - term.first).days + 1
    left = max(0, (term.last - max(on, term.first)).days + 1)
    return round_div(paid_minor * left, days, Rounding.DOWN)


@dataclass(frozen=True, slots=True)
class Person:
    """A member of a household. `address` as it is registered; None is unknown."""

    id: str
    address: str | None = None
    age: int | None = None


def may_not_share(household: Household, main: Person, members: tuple[Person, ...], who: Person) -> tuple[str, ...]:
    """What keeps somebody from sharing the main member's account; `members` are those who do, the main one included."""
    found = {
        "household.most_persons": len(members) >= household.most_persons,
        "household.same_address": household.same_address and (who.address is None or who.address != main.address),
        "household.min_age": household.min_age is not None and (who.age is None or who.age < household.min_age),
    }
    return tuple(name for name, hinders in found.items() if hinders)


def no_longer_share(household: Household, main: Person, members: tuple[Person, ...]) -> tuple[str, ...]:
    """Which persons of the household no longer meet its conditions, by id."""
    return tuple(
        each.id
        for each in members
        if each.id != main.id and household.same_address and (each.address is None or each.address != main.address)
    )
