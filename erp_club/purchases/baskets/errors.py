"""Refusals at the till: each says what the cashier does next."""

from erp_club.customers import mrz
from erp_club.kernel.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, Refused
from erp_club.kernel.text import T
from erp_club.promotions.coupons.errors import FAULTS
from erp_club.purchases.errors import no_price


def not_at_a_till() -> Forbidden:
    """A basket belongs to a terminal."""
    return Forbidden(T("This is done at a till. Enter the till's key in this browser first."), code="terminal-needed")


def unknown_code(text: str) -> Refused:
    """Neither a product nor a card nor a customer; or the lines of a document with a wrong check digit."""
    if mrz.looks_like_zone(text):
        return Refused(T("The lines of this document were misread. Scan them again."), code="scan-misread")
    return Refused(
        T("Nothing has the code %(code)s. Scan it again, or type the number below the bars.", code=text),
        code="unknown-code",
    )


def unknown_product(text: str) -> Refused:
    """A quantity or a sign was typed, so it must be a product."""
    return Refused(T("No product has the code or name %(code)s. Scan it again.", code=text), code="unknown-code")


def sign_alone() -> Refused:
    """A question mark or a minus without an item after it."""
    return Refused(
        T("Scan or type the item after the sign: ? tells its price, - takes it out of the basket."), code="item-needed"
    )


def not_in_basket() -> Refused:
    """What is to be taken out was never put in."""
    return Refused(T("This item isn't in the basket."), code="not-in-basket")


def unpriced_product(sku: str) -> Refused:
    """A file has named this product, and nobody has described it."""
    return Refused(no_price(sku), code="price-needed")


def nobody_found(text: str) -> Refused:
    """A phone, a name or a document that no customer has; what a document says isn't told back."""
    if mrz.looks_like_zone(text):
        return Refused(
            T("Nobody is found by this document. Open a new member, or try another way."), code="nobody-found"
        )
    return Refused(
        T("Nobody is found by “%(text)s”. Open a new member, or try another way.", text=text), code="nobody-found"
    )


def unknown_customer() -> NotFound:
    """The customer's row isn't there, or is no active customer's."""
    return NotFound(T("There is no such customer. Find the customer again."), code="customer-unknown")


def no_customer() -> Conflict:
    """Joining needs somebody who joins."""
    return Conflict(T("Nobody is identified in this sale. Find the customer first."), code="customer-needed")


def card_needed() -> Invalid:
    """A membership is renewed with the card of its member."""
    return Invalid([FieldError("card", T("Scan the member's card: a renewal needs it."))])


def line_gone() -> NotFound:
    """The line was removed meanwhile."""
    return NotFound(T("This line is no longer in the basket."), code="line-gone")


def sells_no_card() -> Conflict:
    """Nothing in the basket sells or loads cards."""
    return Conflict(
        T("Nothing in this basket sells or loads a card. Scan the card's article first."), code="no-card-sold"
    )


def no_points(why: str | None) -> Conflict:
    """Points that pay for nothing in this sale; `why` is a sentence."""
    told = T("No points can pay in this sale. %(why)s", why=why) if why else T("No points can pay in this sale.")
    return Conflict(told, code="no-points")


def value_card() -> Conflict:
    """The number of a prepaid or gift card, where an item was expected."""
    return Conflict(
        T("This is a prepaid or gift card. Press F10 and scan it there to pay with it."),
        code="value-card",
    )


def empty_basket() -> Conflict:
    """Nothing to hold, drop or pay."""
    return Conflict(T("The basket is empty. Scan an item first."), code="basket-empty")


def basket_gone() -> NotFound:
    """The held sale was paid or taken up already, or is another till's."""
    return NotFound(T("This sale is no longer on hold at this till."), code="basket-gone")


def total_changed(total_minor: int) -> Conflict:
    """The basket isn't what the cashier saw when asking for the money."""
    return Conflict(
        T("The basket has changed meanwhile. Look at the new total and pay again."),
        code="total-changed",
        facts={"total_minor": total_minor},
    )


def too_little() -> Invalid:
    """Cash that doesn't cover what is due."""
    return Invalid(
        [FieldError("tendered", T("This is less than what is to be paid. With F9 a bank card pays the rest."))]
    )


def no_coins() -> Invalid:
    """An amount in cash beside a bank card that no coins make up."""
    return Invalid([FieldError("tendered", T("No coins make up this amount. Round it: the bank card pays the rest."))])


def cash_is_enough() -> Invalid:
    """Cash that covers all that a bank card should pay the rest of."""
    return Invalid([FieldError("tendered", T("The cash covers all of it. Take it as cash, or empty the field."))])


def no_receipt_yet() -> Conflict:
    """There is no last receipt."""
    return Conflict(T("This till hasn't sold anything yet."), code="receipt-unknown")


def offer_unknown() -> NotFound:
    """The offer isn't in force."""
    return NotFound(T("This offer isn't there any more."), code="offer-unknown")


def too_many_choices() -> Conflict:
    """Nobody needs as many."""
    return Conflict(T("This sale has as many coupons and offers as it can hold."), code="too-many-choices")


def coupon_refused(fault: str) -> Refused:
    """The coupon or code can't be used here and now."""
    return Refused(FAULTS[fault], field="code", code="coupon-refused", facts={"reason": fault})
