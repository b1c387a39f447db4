"""What is given, in which form, and from when to when it can be used: as phrases and sentences. Pure."""

from collections.abc import Iterator

from erp_club.kernel.text import TN, Rate, T, Text
from erp_club.programmes.engine import gifts as g
from erp_club.programmes.engine.parts import EVERYTHING
from erp_club.programmes.sentences.words import MONTHS, Say, Words, of_goods, set_ones, what
from erp_club.promotions.documents import Thing


def given(gives: g.Given | g.ServiceGiven | g.OfMembership, words: Words) -> Text:
    """What is given, as a phrase; without a figure of its own it is what the rule comes to."""
    match gives:
        case g.PointsGiven():
            return T("points") if gives.points is None else words.points(gives.points)
        case g.DiscountGiven():
            return _discount(gives, words)
        case g.CouponGiven():
            return _coupon(gives, words)
        case g.CodeGiven():
            code, of_amount = T("a personal discount code"), T("a personal discount code of %(amount)s")
            return _narrowed(gives, _valued(gives.amount_minor, code, of_amount, words), words)
        case g.StoredValueGiven():
            said = _valued(gives.amount_minor, T("money on a gift card"), T("%(amount)s on a gift card"), words)
            if gives.denomination_minor is None:
                return said
            return T("%(gift)s in steps of %(amount)s", gift=said, amount=words.money(gives.denomination_minor))
        case g.GiftGiven():
            names = words.goods.named(Thing.PRODUCT, gives.products)
            return TN("once %(what)s as a gift", "%(num)s times %(what)s as a gift", gives.quantity, what=names)
        case g.RenewalGiven() | g.LevelGiven():
            return _of_membership(gives, words)
        case g.ServiceGiven():
            return T("at no charge")
        case g.EntitlementGiven():
            called = words.code(gives.entitlement)
            return TN("once %(name)s", "%(num)s times %(name)s", gives.count, name=called)
        case g.PayoutGiven():
            return _valued(
                gives.amount_minor, T("money to the bank account"), T("%(amount)s to the bank account"), words
            )


def _of_membership(gives: g.OfMembership, words: Words) -> Text:
    if isinstance(gives, g.RenewalGiven):
        return T("the next term of the membership")
    level = words.level(gives.level)
    if gives.months is None:
        return T("level %(level)s to the end of the term", level=level)
    return TN("level %(level)s for %(num)s month", "level %(level)s for %(num)s months", gives.months, level=level)


def _valued(minor: int | None, plain: Text, valued: Text, words: Words) -> Text:
    return plain if minor is None else Text(valued.msgid, {"amount": words.money(minor)})


def _discount(gives: g.DiscountGiven, words: Words) -> Text:
    off: object = T("an amount")
    if gives.off_bp is not None or gives.amount_minor is not None:
        off = Rate(gives.off_bp) if gives.off_bp is not None else words.money(gives.amount_minor or 0)
    whole = T("%(value)s off a purchase") if gives.off_bp is None else T("%(value)s off the whole purchase")
    if gives.units is not None:
        whole = T("%(value)s off")
    said = of_goods(gives.on, whole, T("%(value)s off %(what)s"), words, {"value": off})
    if gives.per_unit:
        each = T("%(value)s off each piece, litre or kilogram")
        of_them = T("%(value)s off each piece, litre or kilogram of %(what)s")
        said = of_goods(gives.on, each, of_them, words, {"value": off})
    if gives.price_minor is not None:
        said = T("%(what)s for %(amount)s each", what=what(gives.on, words), amount=words.money(gives.price_minor))
    if gives.units is not None:
        dearest = TN("%(gift)s, on the dearest one", "%(gift)s, on the %(num)s dearest", gives.units, gift=said)
        units = TN("%(gift)s, one at most", "%(gift)s, %(num)s at most", gives.units, gift=said)
        by_measure = TN(
            "%(gift)s, on %(num)s kilogram or litre at most", "%(gift)s, on %(num)s kilograms or litres at most",
            gives.units, gift=said,
        )  # fmt: skip
        counted = units if gives.per_unit or gives.price_minor is not None else dearest
        said = by_measure if gives.measured else counted
    if gives.cap_minor is not None:
        said = T("%(gift)s, at most %(amount)s", gift=said, amount=words.money(gives.cap_minor))
    return _from_a_purchase_of(gives, said, words)


def _from_a_purchase_of(gives: g.DiscountGiven | g.CodeGiven, said: Text, words: Words) -> Text:
    if gives.without_promoted:
        said = T("%(gift)s, not on goods in an offer", gift=said)
    if gives.one_a_purchase:
        said = T("%(gift)s, one at most in a purchase", gift=said)
    if gives.least_minor is None:
        return said
    if gives.each_full:
        return T(
            "%(gift)s, of which one is used for each full %(amount)s of a purchase",
            gift=said,
            amount=words.money(gives.least_minor),
        )
    return T("%(gift)s, where it comes to %(amount)s", gift=said, amount=words.money(gives.least_minor))


def _narrowed(gives: g.CodeGiven, said: Text, words: Words) -> Text:
    """Of which goods, and from which purchase on, a code takes its amount off."""
    if gives.denomination_minor is not None:
        said = T("%(gift)s in steps of %(amount)s", gift=said, amount=words.money(gives.denomination_minor))
    if gives.on != EVERYTHING:
        said = T("%(gift)s for %(what)s", gift=said, what=what(gives.on, words))
    return _from_a_purchase_of(gives, said, words)


def _coupon(gives: g.CouponGiven, words: Words) -> Text:
    name = words.goods.name(Thing.BATCH, gives.batch)
    said = TN("a coupon of %(batch)s", "%(num)s coupons of %(batch)s", gives.count, batch=name)
    if gives.denomination_minor is not None:
        said = T("%(gift)s in steps of %(amount)s", gift=said, amount=words.money(gives.denomination_minor))
    return said


_AT = {g.At.NIGHT: T("It is given in the night after."), g.At.PERIOD_END: T("It is given at the end of the period.")}
_USABLE = {g.Usable.NEXT_PURCHASE: T("It can be used from the next purchase on.")}
_UNTIL = {
    g.Until.MONTH_END: T("It is valid to the end of the month."),
    g.Until.QUARTER_END: T("It is valid to the end of the quarter."),
    g.Until.HALF_YEAR_END: T("It is valid to the end of the half-year."),
    g.Until.YEAR_END: T("It is valid to the end of the year."),
    g.Until.TERM_END: T("It is valid to the end of the member's year."),
    g.Until.OCCASION_END: T("It is valid to the end of the days around the day."),
}
_ROUNDED = {
    g.Until.MONTH_END: T("It is valid to the end of the month in which that day lies."),
    g.Until.QUARTER_END: T("It is valid to the end of the quarter in which that day lies."),
    g.Until.HALF_YEAR_END: T("It is valid to the end of the half-year in which that day lies."),
    g.Until.YEAR_END: T("It is valid to the end of the year in which that day lies."),
    g.Until.TERM_END: T("It is valid to the end of the member's year in which that day lies."),
    g.Until.OCCASION_END: T("It is valid to the end of the days around the day."),
}
_ISSUE: dict[str, Say] = {
    "at": lambda at: _AT[at],
    "after_days": lambda days: TN("It is given %(num)s day later.", "It is given %(num)s days later.", days),
    "by_day_of_month": lambda day: T("It is given by day %(day)s of the next month.", day=day),
    "published_on": lambda day: T("It gathers and is published to all members on %(day)s.", day=day),
    "usable_from": lambda day: T("It can be used from %(day)s on.", day=day),
    "usable_after_days": lambda days: TN(
        "It can be used %(num)s day after it is given.", "It can be used %(num)s days after it is given.", days
    ),
    "valid_days": lambda days: TN("It is valid for %(num)s day.", "It is valid for %(num)s days.", days),
    "valid_months": lambda months: TN("It is valid for %(num)s month.", "It is valid for %(num)s months.", months),
    "valid_until": lambda until: _UNTIL[until],
    "valid_to": lambda day: T("It is valid to %(day)s.", day=day),
    "automatic": lambda _: T("The till uses it by itself."),
    "part_use": lambda _: T("What a purchase doesn't use up stays for the next."),
}


def issued(issue: g.Use, *, months: bool = False) -> Iterator[Text]:
    """When it is given, and from when to when it can be used. `months`: what has no period of its own goes by these."""
    if issue.usable is g.Usable.NEXT_PURCHASE:
        yield _USABLE[issue.usable]
    if months and isinstance(issue, g.Giving) and issue.at is g.At.PERIOD_END:
        yield T("It is given at the end of the month.")
        issue = issue.model_copy(update={"at": g.At.REACHED})
    rounded: dict[str, Say] = {"valid_until": lambda until: _ROUNDED[until]}
    table = _ISSUE | (rounded if len(issue.lengths) > 1 else {})
    yield from set_ones(issue, {name: say for name, say in table.items() if name in type(issue).model_fields})


def year_day(day: g.YearDay) -> Text:
    """A day of every year."""
    return T("%(day)s %(month)s", day=day.day, month=MONTHS[day.month - 1])
