"""A plan in plain sentences: what is given, to whom, when it can be used, and under which conditions. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from erp_club.birthday.plans.settings import Gift, OccasionKind, PlanSettings
from erp_club.kernel.text import TN, Listed, Money, Name, T, Text, days
from erp_club.points.units import POINTS, Unit, told

_OCCASIONS = {
    OccasionKind.BIRTHDAY: T("For the member's birthday: %(gifts)s."),
    OccasionKind.RELATIVE_BIRTHDAY: T("For a relative's birthday: %(gifts)s."),
    OccasionKind.ANNIVERSARY: T("For the wedding anniversary: %(gifts)s."),
    OccasionKind.MEMBERSHIP: T("Each year for the day of joining: %(gifts)s."),
}
_INSTEAD = T("Whoever had the gift of other levels for this day has no second one.")
_RELATIVES = {"spouse": T("spouse"), "child": T("child"), "parent": T("parent"), "other": T("other relative")}


@dataclass(frozen=True, slots=True)
class Names:
    """What the sentences are made with: the currency, what coupons or cards are called, and what points count."""

    currency: str
    gift: Mapping[str, str]
    unit: Unit = POINTS


def sentences(plan: PlanSettings, names: Names) -> Iterator[Text]:
    """What a plan says; every setting that isn't as usual is read there."""
    yield Text(_OCCASIONS[plan.occasion].msgid, {"gifts": _gift(plan, names)})
    if plan.relatives:
        yield T("For these: %(relatives)s.", relatives=Listed(tuple(_RELATIVES[each] for each in plan.relatives)))
    yield from _window(plan)
    if plan.growth:
        values = {"amount": _amount(plan, plan.growth, names), "age": plan.growth_from_age}
        if plan.occasion is OccasionKind.MEMBERSHIP:
            yield T("It grows by %(amount)s with each year of membership after year %(age)s.", **values)
        else:
            yield T("It grows by %(amount)s with each year of age from %(age)s on.", **values)
        if plan.growth_to is not None:
            yield T("It grows to %(amount)s at most.", amount=_amount(plan, plan.growth_to, names))
    yield from _conditions(plan, names)


def _amount(plan: PlanSettings, value: int, names: Names) -> object:
    if plan.gift is Gift.POINTS:
        return told(value, names.unit)
    return Money(value, names.currency)


def _gift(plan: PlanSettings, names: Names) -> Text:
    match plan.gift:
        case Gift.POINTS:
            return told(plan.points or 0, names.unit)
        case Gift.GIFT_CARD:
            return T("%(amount)s on a gift card", amount=Money(plan.amount_minor or 0, names.currency))
        case _:
            said = TN("a coupon of %(batch)s", "%(num)s coupons of %(batch)s", 1, batch=Name(names.gift))
            if plan.amount_minor is None:
                return said
            return T("%(gift)s, at most %(amount)s", gift=said, amount=Money(plan.amount_minor, names.currency))


def _window(plan: PlanSettings) -> Iterator[Text]:
    if plan.whole_months:
        yield T("In the month of the day.")
        if plan.months_before:
            yield TN("And %(num)s month before.", "And %(num)s months before.", plan.months_before)
        if plan.months_after:
            yield TN("And %(num)s month after.", "And %(num)s months after.", plan.months_after)
    elif plan.days_before and not plan.days_after:
        yield TN(
            "From %(num)s day before to the day itself.",
            "From %(num)s days before to the day itself.",
            plan.days_before,
        )
    elif plan.days_after and not plan.days_before:
        yield TN("From the day to %(num)s day after it.", "From the day to %(num)s days after it.", plan.days_after)
    elif plan.days_before:
        yield T(
            "From %(before)s before to %(after)s after the day.",
            before=days(plan.days_before),
            after=days(plan.days_after),
        )
    else:
        yield T("On the day itself.")
    if plan.hebrew:
        yield T("The day goes by the Hebrew calendar.")


def _ages(plan: PlanSettings) -> Iterator[Text]:
    """The years that whoever celebrates has, of age or of membership."""
    of_membership = plan.occasion is OccasionKind.MEMBERSHIP
    if plan.from_age is not None and of_membership:
        yield TN("Only from %(num)s year of membership on.", "Only from %(num)s years of membership on.", plan.from_age)
    elif plan.from_age is not None:
        yield T("Only from the age of %(age)s.", age=plan.from_age)
    if plan.to_age is not None and of_membership:
        yield TN("Only up to %(num)s year of membership.", "Only up to %(num)s years of membership.", plan.to_age)
    elif plan.to_age is not None:
        yield T("Only up to the age of %(age)s.", age=plan.to_age)
    if plan.points_days is not None:
        yield TN("It is valid for %(num)s day.", "It is valid for %(num)s days.", plan.points_days)
    if plan.points_in_days:
        yield T("It is valid to the end of the days around the day.")


def _conditions(plan: PlanSettings, names: Names) -> Iterator[Text]:
    levels = [each for each in plan.levels if each]
    if levels:
        yield T("Only at the levels %(levels)s.", levels=Name({"en": ", ".join(levels)}))
        yield _INSTEAD
    yield from _ages(plan)
    if plan.least_points:
        yield T("Only with a balance of %(points)s.", points=told(plan.least_points, names.unit))
    if plan.least_months:
        yield TN(
            "Only after %(num)s month of membership.", "Only after %(num)s months of membership.", plan.least_months
        )
    if plan.known_at_joining:
        yield T("Only where the date was given at joining.")
    if plan.known_days_before:
        yield TN(
            "The date must be given %(num)s day before.",
            "The date must be given %(num)s days before.",
            plan.known_days_before,
        )
    if plan.most_per_year is not None:
        yield TN("Once a year at most.", "%(num)s times a year at most.", plan.most_per_year)
    if plan.automatic:
        yield T("The till uses it by itself.")
