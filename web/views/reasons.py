"""Why an offer gave nothing, and what is missing for it, in the reader's words."""

from collections.abc import Callable, Mapping

from erp_club.kernel.text import TN, Listed, T, Text
from erp_club.points.units import Unit
from erp_club.points.units import told as points_told
from erp_club.promotions.clauses import Words, units_of
from erp_club.promotions.documents import Thing
from erp_club.promotions.engine.facts import NOTHING
from erp_club.promotions.engine.lacking import Goods
from erp_club.promotions.engine.priced import Hint, Reason, Refusal
from erp_club.purchases.redeeming import Ceiling, Redeemable
from web.formats import money_text
from web.i18n import LANGUAGE, say

Name = Callable[[str], str]
"""An offer's name by its code."""

_TEXTS: Mapping[Reason, Text] = {
    Reason.MIN_AMOUNT: T("The purchase is too small."),
    Reason.MIN_QUANTITY: T("There are too few items."),
    Reason.NOT_MEMBER: T("Only for members of the club."),
    Reason.WRONG_LEVEL: T("Only for another level of the club."),
    Reason.NOT_IN_SEGMENT: T("Not for this customer."),
    Reason.CUSTOMER_NEEDED: T("Only for a customer who is identified."),
    Reason.CUSTOMER_KNOWN: T("Only where nobody is identified."),
    Reason.WRONG_STORE: T("Not in this store."),
    Reason.WRONG_CHANNEL: T("Not where this is sold."),
    Reason.WRONG_TERMINAL: T("Not at this till."),
    Reason.WRONG_DAY: T("Not on this day."),
    Reason.WRONG_HOUR: T("Not at this hour."),
    Reason.WRONG_MEANS: T("Only with another means of payment."),
    Reason.MEANS_BESIDE: T("Not together with another means of payment."),
    Reason.NOT_BIRTHDAY: T("Only around the birthday."),
    Reason.WRONG_AGE: T("Not at the customer's age."),
    Reason.NO_SUCH_CHILD: T("Only with a child of that age."),
    Reason.WRONG_LENGTH: T("Not so long after joining, or not yet."),
    Reason.WRONG_PURCHASE_NUMBER: T("Not for this purchase of the customer."),
    Reason.NOT_CONFIRMED: T("The cashier hasn't confirmed what it asks for."),
    Reason.MEMBER: T("Not for members of the club."),
    Reason.THIS_LEVEL: T("Not for this level of the club."),
    Reason.BIRTHDAY: T("Not around the birthday."),
    Reason.TOO_MANY: T("There are too many items."),
    Reason.TOO_MUCH: T("The purchase is too large."),
    Reason.EXCLUDED: T("Something in this sale rules it out."),
    Reason.CODE_NEEDED: T("It needs its coupon or code."),
    Reason.NOT_CHOSEN: T("It hasn't been chosen."),
    Reason.NOT_OWNER: T("This coupon belongs to another customer."),
    Reason.USED_UP: T("It is used up."),
    Reason.EXPIRED: T("It is no longer valid."),
    Reason.NOT_YET_VALID: T("It isn't valid yet."),
    Reason.UNKNOWN_CODE: T("This code can't be used. Check that it was entered right."),
    Reason.NOT_ENOUGH_POINTS: T("There are too few points."),
    Reason.POINTS_BALANCE: T("There are too few points."),
    Reason.POINTS_CLOSED: T("Points of this club don't pay here today."),
    Reason.POINTS_NOT_THEIRS: T("Others of the household use the points. Ask the main member."),
    Reason.POINTS_EXCLUDED: T("Nothing in this basket can be paid with points."),
    Reason.POINTS_LEAST: T("This basket takes fewer points than have to be used at once."),
    Reason.POINTS_OF_DAY: T("No more points can be used today."),
    Reason.POINTS_WHOLE_ITEM: T("Points pay whole items only, and there are too few for any of these."),
    Reason.PRODUCT_NOT_IN_CHOICE: T("This product can't be chosen here."),
    Reason.GIFT_MISSING: T("Its gift isn't in the catalogue."),
    Reason.NO_GOODS: T("None of its products are in the basket."),
    Reason.NO_GAIN: T("It would give nothing on this basket."),
    Reason.PASSED_OVER: T("It isn't for goods that have another discount or price already."),
    Reason.BEATEN: T("Another offer gives more."),
    Reason.NOT_BETTER_THAN_ORDER_DISCOUNT: T("The discount on the purchase gives as much already."),
    Reason.NOT_BETTER_ON_LINE: T("Another offer gives more on these items."),
}


def refusal_words(
    refusal: Refusal, *, currency: str, name: Name, unit: Unit, goods: Goods = (), products: Mapping[str, str] = NOTHING
) -> str:
    """Why the offer gave nothing, with what is missing (points of this unit) or what beat it.

    `goods`: of what the units are that are missing, or what an amount must be spent on; `products` their names by SKU.
    """
    missing = refusal.missing
    if refusal.reason is Reason.BEATEN and refusal.beaten_by is not None:
        return say(T("%(offer)s gives more.", offer=isolated(name(refusal.beaten_by))))
    if not missing:
        return say(_TEXTS[refusal.reason])
    match refusal.reason:
        case Reason.MIN_AMOUNT:
            amount, named = _money(missing, currency), _named(goods, currency, products)
            if named is not None:
                return say(T("%(amount)s more is needed, spent on %(goods)s.", amount=amount, goods=named))
            return say(T("%(amount)s more is needed.", amount=amount))
        case Reason.MIN_QUANTITY:
            named = _named(goods, currency, products)
            if named is not None:
                return say(T("Missing: %(goods)s.", goods=named))
            if goods:
                of_its = sum(count for _, count in goods)
                return say(
                    TN("%(num)s more of its products is needed.", "%(num)s more of its products are needed.", of_its)
                )
            return say(TN("%(num)s more item is needed.", "%(num)s more items are needed.", missing))
        case Reason.NOT_ENOUGH_POINTS | Reason.POINTS_BALANCE:
            return say(T("Still missing: %(points)s.", points=points_told(missing, unit)))
        case _:
            return say(_TEXTS[refusal.reason])


_CEILINGS: Mapping[Ceiling, Text] = {
    Ceiling.BALANCE: T("all that are there"),
    Ceiling.DAY: T("the most for today"),
    Ceiling.PURCHASE: T("the most for one purchase"),
    Ceiling.WHOLE_ITEMS: T("whole items only"),
    Ceiling.SHARE: T("points pay only a part of the purchase"),
    Ceiling.BASKET: T("the whole purchase"),
}


def points_words(told: Redeemable) -> str | None:
    """What keeps a sale from taking more points, or from taking any."""
    if told.ceiling is not None:
        return say(_CEILINGS[told.ceiling])
    if told.reason is None:
        return None
    if told.missing:
        return say(T("Still missing: %(points)s.", points=points_told(told.missing, told.unit)))
    return say(_TEXTS[told.reason])


def fault_words(fault: str) -> str:
    """Why a coupon or code that was entered can't be used."""
    return say(_TEXTS[Reason(fault)])


_MOST_NAMED = 5
"""So many products are named at most to say what is missing."""


def hint_words(hint: Hint, *, currency: str, name: Name, products: Mapping[str, str]) -> str:
    """What the customer could add, and what it would save. `products`: the names of those that are known, by SKU."""
    told, named = _hint_words(hint, currency=currency, name=name), _named(hint.goods, currency, products)
    return told if named is None else f"{told} {say(T('Missing: %(goods)s.', goods=named))}"


def _named(goods: Goods, currency: str, products: Mapping[str, str]) -> Listed | None:
    """The goods as a phrase; None where nothing is to be named, or too much."""
    if not goods or any(len(scope.products) > _MOST_NAMED for scope, _ in goods):
        return None
    return units_of(goods, Words(currency, {(Thing.PRODUCT, sku): {"": each} for sku, each in products.items()}))


def _hint_words(hint: Hint, *, currency: str, name: Name) -> str:
    offer, missing = isolated(name(hint.offer)), hint.missing
    if hint.kind == "spend_more":
        amount = _money(missing, currency)
        if not hint.gain_minor:
            return say(T("%(amount)s more for %(offer)s.", amount=amount, offer=offer))
        gain = _money(hint.gain_minor, currency)
        return say(T("%(amount)s more for %(offer)s, which saves %(gain)s.", amount=amount, offer=offer, gain=gain))
    if not hint.gain_minor:
        return say(TN("%(num)s more for %(offer)s.", "%(num)s more for %(offer)s.", missing, offer=offer))
    return say(
        TN(
            "%(num)s more for %(offer)s, which saves %(gain)s.",
            "%(num)s more for %(offer)s, which saves %(gain)s.",
            missing,
            offer=offer,
            gain=_money(hint.gain_minor, currency),
        )
    )


def isolated(text: str) -> str:
    """A name inside a sentence that may run the other way (Unicode's first strong isolate)."""
    return f"\u2068{text}\u2069"


def _money(minor: int, currency: str) -> str:
    return money_text(minor, currency, LANGUAGE.get())
