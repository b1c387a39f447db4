"""What a rule gives off a purchase, written as the offer that tills know. Pure."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from erp_club.kernel.money import to_text
from erp_club.programmes.engine.gifts import (
    USED_AT_ONCE,
    CodeGiven,
    DiscountGiven,
    GiftGiven,
    Given,
    OfMembership,
    PointsGiven,
)
from erp_club.programmes.engine.parts import Birthday, Keys, Scope, When
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import Occasion
from erp_club.programmes.engine.spending import Benefit, Redemption
from erp_club.promotions.engine.offer import Offer

_CHANNELS = ("store", "web")
_LANGUAGES = ("en", "he", "fi", "sv")
_MOST_NAME = 200
_PAY = {"en": "pay with points", "he": "תשלום בנקודות", "fi": "maksa pisteillä", "sv": "betala med poäng"}


def is_offered(gives: Given | OfMembership) -> bool:
    """Whether it is taken off a purchase, or added to one, and so an offer at the till."""
    return isinstance(gives, DiscountGiven | CodeGiven | GiftGiven)


def choices(rule: Occasion) -> tuple[Given, ...]:
    """What the member chooses one of in a purchase: that which is taken off it first, and points; empty where all are
    given."""
    some_points = [each for each in rule.gives if isinstance(each, PointsGiven)]
    off = [each for each in rule.gives if is_offered(each)]
    if not rule.choose or not off or len(off) + len(some_points) < len(rule.gives):
        return ()
    return (*off, *some_points)


def in_the_sale(benefit: Benefit) -> bool:
    """Whether points are taken for it in the sale that it is for; else they are given for it beforehand."""
    return is_offered(benefit.gives) and benefit.issue == USED_AT_ONCE


def offer_for(
    programme: Programme,
    code: str,
    gives: Given,
    when: When,
    activation: Mapping[str, Any],
    *,
    names: Mapping[Any, str],
    levels: Keys = (),
    members: bool = False,
    rule: str = "",
    chosen: bool = False,
) -> Offer:
    """The offer that gives this, under the programme's exclusions: what `is_offered`, or points that may be chosen.

    `members`: it is for members alone, where nothing else that starts it says so. `rule`: by which it is given, where
    others of it, worth more or less, compete with it; `chosen`: the member has one of them.

    What has no name in a language is called by its English one, else by the first there is, else by the club's.
    """
    alone = {"mode": "exclusive", "group": programme.code, "per": "order"}
    one = chosen or (isinstance(gives, DiscountGiven | CodeGiven) and gives.one_a_purchase)
    beside = alone | {"group": f"{programme.code}.{rule or code}"} if one else {"mode": "stackable"}
    only = [{"clubs": [programme.code]}] if members and not (levels or when.levels) else []
    return Offer.model_validate(
        {
            "code": code,
            "names": called(names or programme.names),
            "rewards": [_reward(programme, gives)],
            "when": {"all": [*_conditions(programme, gives, when, levels), *only]},
            "activation": dict(activation),
            "combination": (beside if programme.double_benefits else alone) | _passing_over(programme, gives),
            "limits": ({"per_basket": 1} if one else {}) | _ceiling(programme, gives),
            "first_day": when.first_day,
            "last_day": when.last_day,
        }
    )


def _passing_over(programme: Programme, gives: Given) -> dict[str, Any]:
    """What it passes over for what else has lowered it. All of a club have their turn at the end then, since one of
    them may be had instead of another.
    """
    excluded, off = programme.excluded, isinstance(gives, DiscountGiven | CodeGiven)
    own = isinstance(gives, DiscountGiven | CodeGiven) and gives.without_promoted
    said: dict[str, Any] = {"stage": "code"} if excluded.promoted or excluded.price_lists or own else {}
    if off and (excluded.promoted or own):
        said["untouched"] = True
    if off and excluded.price_lists:
        said["without_price_lists"] = excluded.price_lists
    return said


def _ceiling(programme: Programme, gives: Given) -> dict[str, Any]:
    """What all discounts of the club together may come to."""
    most = programme.most_discount_month
    if most is None or not isinstance(gives, DiscountGiven):
        return {}
    return {"shared_month_minor": most, "shared_as": programme.code}


def paying_offer(programme: Programme, rule: Redemption, code: str) -> Offer:
    """The offer by which points pay at the till, on what the programme lets them; how many the club's limits say."""
    excluded = rule.excluded
    on = rule.on.model_copy(
        update={
            "without_products": (*rule.on.without_products, *excluded.products),
            "without_groups": (*rule.on.without_groups, *excluded.groups),
            "without_departments": (*rule.on.without_departments, *excluded.departments),
            "without_brands": (*rule.on.without_brands, *excluded.brands),
            "regular_price_only": rule.on.regular_price_only or excluded.reduced,
        }
    )
    least = [{"amount_minor": rule.least_purchase_minor}] if rule.least_purchase_minor is not None else []
    alone = {"mode": "exclusive", "group": rule.group or programme.code, "per": "order"}
    club = called(programme.names)
    return Offer.model_validate(
        {
            "code": code,
            "names": {language: _ended(club[language], f": {_PAY[language]}") for language in _LANGUAGES},
            "rewards": [
                {
                    "kind": "redeem",
                    "club": programme.code,
                    "worth_points": rule.worth_points,
                    "worth_minor": rule.worth_minor,
                    "on": _scope(programme, on),
                }
            ],
            "when": {"all": [*_when(programme, rule.when, (), programme.channels.redeeming), *least]},
            "activation": {"by": "auto" if rule.automatic else "cashier"},
            "combination": alone if rule.group or not programme.double_benefits else {"mode": "stackable"},
            "first_day": rule.when.first_day,
            "last_day": rule.when.last_day,
        }
    )


def called(names: Mapping[Any, str]) -> dict[str, str]:
    """A name in each language."""
    english = names.get("en") or next(iter(names.values()))
    return {language: names.get(language) or english for language in _LANGUAGES}


def told_apart(
    programme: Programme, names: Mapping[str, str], gives: Given, goods: Mapping[str, str]
) -> dict[str, str]:
    """The name of a rule with what of its choice this is, in figures alone; `goods` are the names of products."""
    match gives:
        case PointsGiven():
            what = f"+{(gives.points or 0) / Decimal(programme.unit.scale):f}"
        case GiftGiven():
            what = " / ".join(goods.get(sku, sku) for sku in gives.products)
        case DiscountGiven() if gives.off_bp is not None:
            what = f"-{Decimal(gives.off_bp) / 100:f}%"
        case DiscountGiven() if gives.price_minor is not None:
            what = to_text(gives.price_minor)
        case _:
            what = f"-{to_text(getattr(gives, 'amount_minor', None) or 0)}"
    return {language: _ended(name, f": {what}") for language, name in names.items()}


def _ended(name: str, end: str) -> str:
    """A name with what tells it apart behind it, which a long name makes room for."""
    return f"{name[: max(0, _MOST_NAME - len(end))]}{end}"[:_MOST_NAME]


def question(code: str, names: Mapping[Any, str] | None = None) -> dict[str, str]:
    """What a cashier is asked to confirm: the rule's name, else the word that stands for it."""
    word = code.replace("_", " ").capitalize()
    return {language: _ended(text, "?") for language, text in called(names or {"en": word}).items()}


def _reward(programme: Programme, gives: Given) -> dict[str, Any]:
    match gives:
        case DiscountGiven():
            return _discount(gives, {"on": _scope(programme, gives.on)})
        case CodeGiven():
            return {"kind": "amount", "value_minor": gives.amount_minor or 0, "on": _scope(programme, gives.on)}
        case PointsGiven():
            return {"kind": "points", "club": programme.code, "bonus": gives.points or 0}
        case GiftGiven():
            return {"kind": "gift", "products": gives.products, "quantity": gives.quantity, "delivery": "either"}
        case _:
            raise TypeError(gives.kind)


def _discount(gives: DiscountGiven, on: dict[str, Any]) -> dict[str, Any]:
    if gives.per_unit:
        value = gives.amount_minor or 0
        return {"kind": "amount", "value_minor": value, "spread": "unit", "cap_minor": most_off(gives)} | on
    if gives.units is not None:
        on |= {"units": gives.units, "pick": "dearest"} | ({"measured": True} if gives.measured else {})
    if gives.price_minor is not None:
        return {"kind": "fixed_price", "price_minor": gives.price_minor} | on
    if gives.off_bp is not None:
        return {"kind": "percent", "value_bp": gives.off_bp, "cap_minor": gives.cap_minor} | on
    return {"kind": "amount", "value_minor": gives.amount_minor or 0} | on


def most_off(gives: DiscountGiven) -> int | None:
    """The most that an amount off each unit comes to: its ceiling, and what so many units have."""
    of_units = [] if gives.units is None else [(gives.amount_minor or 0) * gives.units]
    return min([*of_units, *([] if gives.cap_minor is None else [gives.cap_minor])], default=None)


def _scope(programme: Programme, on: Scope) -> dict[str, Any]:
    """The scope without what the whole programme passes over."""
    excluded = programme.excluded
    return on.model_dump() | {
        "without_products": (*on.without_products, *excluded.products),
        "without_groups": (*on.without_groups, *excluded.groups),
        "without_departments": (*on.without_departments, *excluded.departments),
        "without_brands": (*on.without_brands, *excluded.brands),
        "regular_price_only": on.regular_price_only or excluded.reduced,
    }


def _conditions(programme: Programme, gives: Given, when: When, levels: Keys) -> Iterator[dict[str, Any]]:
    if isinstance(gives, DiscountGiven | CodeGiven) and gives.least_minor is not None:
        each = {"every": True, "shared": True} if gives.each_full else {}
        yield {"amount_minor": gives.least_minor, "of": _scope(programme, gives.on), **each}
    yield from _when(programme, when, levels, programme.channels.benefits)


def _when(programme: Programme, when: When, levels: Keys, where: Keys) -> Iterator[dict[str, Any]]:
    """The condition of a rule as an offer says it; `where` are the channels in which the club does this."""
    works = programme.channels
    for name, said in (("weekdays", when.weekdays), ("segments", when.segments), ("means", when.means)):
        if said:
            yield {name: said}
    for stores in (works.stores, when.stores):
        if stores:
            yield {"stores": stores}
    shut = (*works.without_stores, *when.without_stores)
    if shut:
        yield {"not": {"stores": shut}}
    if when.without_means:
        yield {"not": {"means": when.without_means}}
    yield from _of_days(when)
    channels = [each for each in _CHANNELS if each in (when.channels or where)]
    if len(channels) == 1:
        yield {"channels": channels}
    if when.from_time is not None:
        yield {"from_time": when.from_time, "to_time": when.to_time}
    yield from _of_persons(when)
    if when.joined_within_days is not None or when.joined_for_days is not None:
        days = {"from_days": when.joined_for_days or 0, "to_days": when.joined_within_days}
        yield {"member_of": programme.code, **days}
    if levels or when.levels:
        yield {"clubs": [programme.code], "levels": levels or when.levels}
    yield from _of_purchase(when)


def _of_days(when: When) -> Iterator[dict[str, Any]]:
    if when.month_days:
        yield {"dates": tuple(f"{day:02}" for day in when.month_days)}
    if when.days:
        yield {"dates": when.days}
    if when.without_days:
        yield {"not": {"dates": when.without_days}}


def _of_persons(when: When) -> Iterator[dict[str, Any]]:
    if when.birthday is Birthday.DAY:
        yield {"days_before": when.birthday_before, "days_after": when.birthday_after}
    elif when.birthday is not None:
        yield {"celebrates": when.birthday.value}
    if when.min_age is not None or when.max_age is not None:
        yield {"from_age": when.min_age or 0, "to_age": when.max_age}
    if when.child_min_age is not None or when.child_max_age is not None:
        yield {"from_age": when.child_min_age or 0, "to_age": when.child_max_age, "of": "child"}


def _of_purchase(when: When) -> Iterator[dict[str, Any]]:
    """What is asked of the purchase itself."""
    if when.least_minor is not None:
        yield {"amount_minor": when.least_minor}
    if when.most_minor is not None:
        yield {"not": {"amount_minor": when.most_minor + 1}}
    if when.first_purchase is not None or when.last_purchase is not None:
        yield {"first": when.first_purchase or 1, "last": when.last_purchase}
    if when.confirm is not None:
        yield {"confirm": when.confirm, "question": question(when.confirm)}
