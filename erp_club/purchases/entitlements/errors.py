"""Refusals about entitlements; each says what the cashier does next."""

import datetime as dt

from erp_club.kernel.errors import Conflict, NotFound, Refused
from erp_club.kernel.text import TN, T


def not_given() -> Conflict:
    """The customer has no such entitlement here and today."""
    return Conflict(
        T("The customer has no such entitlement here today. Look at what the membership gives."),
        code="entitlement-unknown",
    )


def not_undoable() -> Conflict:
    """A use that is no service, or was undone already."""
    return Conflict(
        T("This use can't be undone here. What was used of goods comes back with them."), code="use-not-undoable"
    )


def unknown_use() -> NotFound:
    """There is no such use."""
    return NotFound(T("There is no such use of an entitlement."), code="use-unknown")


def used_up(last: dt.date | None) -> Conflict:
    """Every use of the period is taken."""
    if last is None:
        return Conflict(T("This entitlement is used up."), code="entitlement-used-up")
    return Conflict(
        T("This entitlement is used up. It can be used again after %(day)s.", day=last), code="entitlement-used-up"
    )


def too_soon(minutes: int) -> Conflict:
    """Its last use is too short ago."""
    text = TN(
        "The last use was too short ago. It can be used again in %(num)s minute.",
        "The last use was too short ago. It can be used again in %(num)s minutes.",
        minutes,
    )
    return Conflict(text, code="entitlement-too-soon")


def gone() -> Conflict:
    """The membership doesn't give it any more: it was ended or paused before the sale was paid."""
    return Conflict(
        T("The membership that gives this has ended or is paused. Remove the line from the sale."),
        code="entitlement-gone",
    )


def one_of_it() -> Refused:
    """Each use is a line of its own."""
    return Refused(T("Each use of an entitlement is a line of its own. Use it once more instead."), code="quantity")
