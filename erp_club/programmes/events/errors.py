"""Refusals of events."""

from erp_club.kernel.errors import Conflict, FieldError, Invalid
from erp_club.kernel.text import T


def unknown(event: str) -> Invalid:
    """No club of the customer gives anything for it."""
    text = T(
        "No club that this customer is in gives anything for the event %(event)s. See the clubs' rules.", event=event
    )
    return Invalid([FieldError("event", text)])


def nobody() -> Invalid:
    """Neither a customer nor the purchase of one is named."""
    return Invalid([FieldError("customer", T("Say who it happened to: a customer, or the purchase of one."))])


def no_customer(field: str) -> Invalid:
    """Nobody is found by this."""
    return Invalid([FieldError(field, T("There is no such customer. Look the customer up again."))])


def no_purchase() -> Invalid:
    """There is no such purchase."""
    return Invalid([FieldError("purchase_id", T("There is no such purchase."))])


def a_return() -> Invalid:
    """The receipt is one of a return."""
    return Invalid([FieldError("purchase_id", T("This receipt is a return. Name the purchase itself."))])


def of_nobody() -> Invalid:
    """Nobody was identified in the purchase."""
    text = T("Nobody was identified in this purchase. Register it for a member first.")
    return Invalid([FieldError("purchase_id", text)])


def of_somebody_else() -> Invalid:
    """The purchase is another customer's."""
    return Invalid([FieldError("purchase_id", T("This purchase is another customer's."))])


def purchase_needed() -> Invalid:
    """The event lets points of a purchase be used, and none is named."""
    return Invalid([FieldError("purchase_id", T("Name the purchase: this event lets its points be used."))])


def friend_needed() -> Invalid:
    """A referral names nobody."""
    return Invalid([FieldError("referred", T("Name the friend who was brought."))])


def no_friend() -> Invalid:
    """Another event names somebody as brought."""
    return Invalid([FieldError("referred", T("Only a referral names a friend."))])


def oneself() -> Invalid:
    """Somebody brought themselves, or whoever brought them."""
    return Invalid([FieldError("referred", T("Nobody can be brought by themselves, or by whom they have brought."))])


def brought_already() -> Conflict:
    """Somebody is brought once."""
    return Conflict(
        T("This customer has been brought by somebody already. That counts once."),
        field="referred",
        code="already-referred",
    )
