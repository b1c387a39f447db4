"""Refusals about plans around birthdays."""

from erp_club.kernel.errors import Conflict, FieldError, Invalid, NotFound
from erp_club.kernel.text import T


def no_plan() -> NotFound:
    """There is no such plan."""
    return NotFound(T("There is no such birthday plan."), code="birthday-plan-unknown")


def code_taken() -> Conflict:
    """Two plans can't be told apart by one code."""
    return Conflict(T("Another plan has this code. Choose another one."), field="code", code="birthday-code-taken")


def closed() -> Conflict:
    """A closed plan stays as it was."""
    return Conflict(T("This plan is closed. Set up another one."), code="birthday-plan-closed")


def of_programme() -> Conflict:
    """What the club's programme says ends with it."""
    return Conflict(
        T("The club's programme says this. Take the rule out of the programme, or pause the plan."),
        code="birthday-plan-of-programme",
    )


def changed_meanwhile() -> Conflict:
    """Two people at once: the second looks again."""
    return Conflict(T("Somebody changed this plan meanwhile. Look at it again."), code="birthday-changed")


def state_already() -> Conflict:
    """Nothing to switch."""
    return Conflict(T("This was done already. Look at the page again."), code="state-already")


def unfit(field: str, faults: str) -> Invalid:
    """What is to be given can't be given by itself to one customer."""
    return Invalid([FieldError(field, _UNFIT[faults])])


_UNFIT = {
    "offer": T("Choose a published offer that a coupon of its own starts."),
    "batch": T("Choose a batch whose coupons are one customer's own."),
    "product": T("Choose a kind of gift card that is given out and has no PIN."),
    "amount": T("Cards of this kind don't come with this amount."),
    "customer": T("No customer has this number. Look the customer up first."),
    "club": T("There is no such club. Choose another one."),
}
