"""Refusals of registering a purchase afterwards."""

import datetime as dt

from erp_club.kernel.errors import Conflict
from erp_club.kernel.text import T


def identified() -> Conflict:
    """A member was identified in the sale itself."""
    return Conflict(
        T("A customer was identified in this purchase, so it has earned already."), code="already-identified"
    )


def registered() -> Conflict:
    """It was registered before, for whomever."""
    return Conflict(
        T("This purchase has been registered already. It can be registered once."), code="already-registered"
    )


def returned() -> Conflict:
    """Goods of it have come back."""
    return Conflict(
        T("Some of this purchase has been returned, so it can't be registered any more."), code="already-returned"
    )


def no_club() -> Conflict:
    """The customer was in no club on the day that registers purchases afterwards."""
    return Conflict(
        T("On the day of this purchase the customer was in no club that registers purchases afterwards."),
        code="registration-not-offered",
    )


def late(last_day: dt.date) -> Conflict:
    """The days are over (facts: `last_day`, included)."""
    return Conflict(
        T("This purchase could be registered until %(day)s.", day=last_day),
        code="registration-late",
        facts={"last_day": last_day.isoformat()},
    )


def used_up() -> Conflict:
    """The customer has registered as many this month as the club allows."""
    return Conflict(
        T("The customer has registered as many purchases this month as the club allows."),
        code="registrations-used-up",
    )


def nothing_earned() -> Conflict:
    """By the rules of its day the purchase earns nothing."""
    return Conflict(T("By the rules of its day this purchase earns no points."), code="registration-earns-nothing")
