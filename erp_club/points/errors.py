"""Refusals about points."""

import datetime as dt

from erp_club.kernel.errors import Conflict, NotFound, Refused
from erp_club.kernel.text import T


def no_account() -> NotFound:
    """There is no such account."""
    return NotFound(T("There is no such points account."), code="points-account-unknown")


def no_movement() -> NotFound:
    """There is no such movement."""
    return NotFound(T("There is no such movement of points."), code="points-movement-unknown")


def too_few(available: int, asked: int, *, field: str | None = None) -> Conflict:
    """The account hasn't got as many (facts: `available` and `asked`)."""
    return Conflict(
        T("Only %(available)s points can be used now. Use fewer.", available=available),
        field=field,
        code="points-too-few",
        facts={"available": available, "asked": asked},
    )


def frozen(until: dt.date | None, *, field: str | None = None) -> Conflict:
    """Nobody uses the points of a frozen account."""
    if until is None:
        text = T("These points are frozen. Renew the membership to use them.")
    else:
        text = T("These points are frozen until %(day)s. Renew the membership to use them.", day=until)
    return Conflict(text, field=field, code="points-frozen")


def balance_low(available: int, least: int) -> Conflict:
    """The club wants more to be there before any are used (facts: `available` and `least`)."""
    return Conflict(
        T(
            "Points can be used from a balance of %(least)s. Only %(available)s are there.",
            least=least,
            available=available,
        ),
        code="points-balance-low",
        facts={"available": available, "least": least},
    )


def day_limit(left: int) -> Conflict:
    """The club's ceiling for a day is reached (facts: `left_today`)."""
    return Conflict(
        T("Only %(left)s more points can be used today. Use fewer.", left=left),
        code="points-day-limit",
        facts={"left_today": left},
    )


def not_taken(field: str) -> Refused:
    """No offer in force lets points of the club pay in this sale."""
    return Refused(T("Points can't pay in this sale."), field=field, code="points-not-taken")
