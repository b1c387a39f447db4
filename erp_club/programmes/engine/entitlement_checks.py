"""What a draft says that a membership gives directly, and can't be given so. Pure."""

from collections.abc import Iterator

from erp_club.kernel.text import T
from erp_club.programmes.engine.finding import Finding
from erp_club.programmes.engine.gifts import DiscountGiven, GiftGiven
from erp_club.programmes.engine.levels import Entitlement, ServiceGiven
from erp_club.programmes.engine.parts import ALWAYS, Every
from erp_club.programmes.engine.programme import Programme

LIMITED_BY = {
    Every.DAY: "per_member_day",
    Every.WEEK: "per_member_week",
    Every.MONTH: "per_member_month",
    Every.QUARTER: "per_member_quarter",
    Every.HALF_YEAR: "per_member_half_year",
    Every.YEAR: "per_member_year",
    Every.MEMBER_YEAR: "per_member_own_year",
    Every.TERM: "per_member_term",
    Every.EVER: "per_member",
}
"""The periods in which uses of a discount can be counted, and the limit of an offer that does."""
OF_CLUB = frozenset({Every.MEMBER_YEAR, Every.TERM})
"""Those that are the member's own."""


def entitlements(programme: Programme) -> Iterator[Finding]:
    """What is wrong with what a membership gives directly."""
    for index, each in enumerate(programme.entitlements):
        path = f"entitlements[{index}]"
        yield from _ceilings(path, each)
        if isinstance(each.gives, DiscountGiven):
            yield from _discount(path, each, each.gives)
        elif not isinstance(each.gives, GiftGiven | ServiceGiven):
            text = T("A membership gives a discount, a product or a service. Give this on an occasion.")
            yield Finding(f"{path}.gives", text)
        if each.whole_day and (each.count is None or not isinstance(each.gives, DiscountGiven)):
            text = T("A day of one's own choosing goes with a discount that is had so many times.")
            yield Finding(f"{path}.whole_day", text)
        if each.when != ALWAYS and not isinstance(each.gives, DiscountGiven):
            text = T("Only a discount hangs on the purchase, so this has no effect. Take 100% off one of them instead.")
            yield Finding(f"{path}.when", text, stops=False)


def _ceilings(path: str, of: Entitlement) -> Iterator[Finding]:
    """Ceilings of a month that this discount can't have."""
    off = of.gives if isinstance(of.gives, DiscountGiven) and not of.only_given else None
    if of.most_minor_month is not None and off is None:
        yield Finding(
            f"{path}.most_minor_month", T("Only a discount that the till takes off has a ceiling of a month.")
        )
    if of.most_base_month is not None and (off is None or off.off_bp is None):
        yield Finding(f"{path}.most_base_month", T("This goes with a percentage off."))
    if of.most_units_month is not None and (off is None or not off.per_unit):
        yield Finding(f"{path}.most_units_month", T("This goes with an amount off each piece, litre or kilogram."))


def _discount(path: str, of: Entitlement, gives: DiscountGiven) -> Iterator[Finding]:
    if gives.amount_minor is gives.off_bp is gives.price_minor is None:
        yield Finding(f"{path}.gives", T("Say how much: an amount or a percentage."))
    moved = of.period.starts_month != 1 or of.period.whole_months
    if of.count is not None and (of.period.every not in LIMITED_BY or moved):
        text = T(
            "Uses of a discount are counted by the calendar, the member's year or term, or for ever. For another"
            " period give it on an occasion."
        )
        yield Finding(f"{path}.period.every", text)
    if of.apart_minutes is not None:
        text = T("Tills count a discount by the day. Let it be had once a day, or give a product or a service.")
        yield Finding(f"{path}.apart_minutes", text)
    if of.only_given:
        text = T("Let the rule that gives it give the discount itself: it becomes a coupon of the member's.")
        yield Finding(f"{path}.only_given", text)
