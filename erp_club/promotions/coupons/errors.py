"""Refusals about coupons and their batches, and what is said of a code that can't be used."""

import datetime as dt

from erp_club.kernel.errors import Conflict, FieldError, Invalid, NotFound, Throttled
from erp_club.kernel.text import TN, T, Text

FAULTS: dict[str, Text] = {
    "unknown_code": T("This code can't be used. Check that it was entered right."),
    "not_owner": T("This coupon belongs to another customer."),
    "used_up": T("This coupon has been used, or another till is using it now."),
    "expired": T("This coupon is no longer valid."),
    "not_yet_valid": T("This coupon isn't valid yet."),
}
"""What a cashier reads for each fault of a `facts.Coupon`. The first is also said for the two after it to anyone who
may not know more."""


def no_batch() -> NotFound:
    """There is no such batch."""
    return NotFound(T("There is no such batch of coupons."), code="batch-unknown")


def no_coupon() -> NotFound:
    """There is no such coupon."""
    return NotFound(T("There is no such coupon."), code="coupon-unknown")


def code_taken() -> Conflict:
    """Offers and files speak of a batch by its code."""
    return Conflict(T("Another batch has this code. Choose another one."), field="code", code="batch-code-taken")


def stale() -> Conflict:
    """The batch has changed since its form was opened."""
    return Conflict(
        T("Somebody changed this batch while you had it open. Compare the values below, then save again."), code="stale"
    )


def fixed(field: str) -> Conflict:
    """What the coupons that are out were promised can't be changed under them."""
    return Conflict(
        T("Coupons of this batch are out already, so this can't be changed. Set up another batch."),
        field=field,
        code="batch-fixed",
    )


def not_active() -> Conflict:
    """A closed or blocked batch issues nothing."""
    return Conflict(T("Nothing is issued of this batch now. Open it again first."), code="batch-not-active")


def state_already() -> Conflict:
    """Nothing to switch."""
    return Conflict(T("This was done already. Look at the page again."), code="state-already")


def coupon_taken_back() -> Conflict:
    """What it was given for came back: with the coupon, it would be had twice."""
    return Conflict(
        T("This coupon was taken back with what it was given for. Give the customer a new one instead."),
        code="coupon-taken-back",
    )


def ended(last: dt.date) -> Conflict:
    """Nothing is issued after the last day."""
    return Conflict(
        T("This batch ended on %(day)s. Move its last day first, then issue coupons.", day=last), code="batch-ended"
    )


def issuing(left: int) -> Conflict:
    """Coupons that were asked for before are still being issued."""
    return Conflict(
        TN(
            "%(num)s coupon of this batch is still being issued. Wait until it is there, then issue more.",
            "%(num)s coupons of this batch are still being issued. Wait until they are there, then issue more.",
            left,
        ),
        field="count",
        code="batch-issuing",
    )


def not_so_many(left: int) -> Conflict:
    """The batch may not issue as many."""
    return Conflict(
        TN(
            "Only %(num)s more coupon of this batch may be issued. Ask for fewer, or raise the limit.",
            "Only %(num)s more coupons of this batch may be issued. Ask for fewer, or raise the limit.",
            left,
        ),
        field="count",
        code="batch-limit",
        facts={"left": left},
    )


def personal() -> Conflict:
    """A personal coupon is somebody's from the beginning."""
    return Conflict(
        T("Coupons of this batch are personal. Issue them to a segment or to single customers."), code="batch-personal"
    )


def bearer() -> Conflict:
    """A bearer coupon is nobody's."""
    return Conflict(
        T("Coupons of this batch are for whoever brings them. Generate as many as you need."), code="batch-bearer"
    )


def unknown_customers(numbers: list[str]) -> Invalid:
    """Numbers that nobody has; the first few are named."""
    shown = ", ".join(numbers[:10])
    return Invalid(
        [
            FieldError(
                "numbers",
                TN(
                    "%(num)s number belongs to no customer: %(numbers)s. Nothing was issued.",
                    "%(num)s numbers belong to no customer, such as %(numbers)s. Nothing was issued.",
                    len(numbers),
                    numbers=shown,
                ),
            )
        ]
    )


def quote_changed() -> Conflict:
    """A coupon of the sale is gone: used elsewhere, blocked, or it gives less than was told."""
    return Conflict(
        T("A coupon of this sale was used up or blocked meanwhile. Look at the new price, then take the money."),
        code="quote-changed",
    )


def held_elsewhere() -> Conflict:
    """Two tills asked for one coupon at the same moment."""
    return Conflict(
        T("Another till took a coupon of this sale at this moment. Ask for the price again."), code="coupon-held"
    )


def locked(until: dt.datetime, now: dt.datetime) -> Throttled:
    """Too many wrong codes were entered here; says how long it lasts."""
    seconds = max(1, -int((now - until).total_seconds() // 1))
    return Throttled(
        TN(
            "Too many wrong codes were entered here. Codes are taken again in %(num)s minute.",
            "Too many wrong codes were entered here. Codes are taken again in %(num)s minutes.",
            -(-seconds // 60),
        ),
        field="coupons",
        code="coupon-entry-locked",
        retry_after=seconds,
    )


def changed_meanwhile() -> Conflict:
    """Tills issued of the batch, or somebody closed it, while coupons were written."""
    return Conflict(
        T("The batch changed while its coupons were made, so none were. Look at it again, then ask once more."),
        code="batch-changed",
    )
