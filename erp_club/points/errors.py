"""Refusals about points."""

import datetime as dt

from erp_club.kernel.errors import Conflict, NotFound, Refused
from erp_club.kernel.text import T
from erp_club.points.units import POINTS, Unit, told


def no_account() -> NotFound:
    """There is no such account."""
    return NotFound(T("There is no such points account."), code="points-account-unknown")


def no_movement() -> NotFound:
    """There is no such movement."""
    return NotFound(T("There is no such movement of points."), code="points-movement-unknown")


def too_few(available: int, asked: int, *, unit: Unit = POINTS, field: str | None = None) -> Conflict:
    """The account hasn't got as many (facts: `available` and `asked`)."""
    return Conflict(
        T("Only %(points)s can be used now. Use fewer.", points=told(available, unit)),
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


def balance_low(available: int, least: int, *, unit: Unit, field: str | None = None) -> Conflict:
    """The club wants more to be there before any are used (facts: `available` and `least`)."""
    return Conflict(
        T(
            "Points can be used from a balance of %(least)s. There are only %(available)s.",
            least=told(least, unit),
            available=told(available, unit),
        ),
        field=field,
        code="points-balance-low",
        facts={"available": available, "least": least},
    )


def day_limit(left: int, *, unit: Unit, field: str | None = None) -> Conflict:
    """The club's ceiling for a day is reached (facts: `left_today`)."""
    return Conflict(
        T("Only %(points)s more can be used today. Use fewer.", points=told(left, unit)),
        field=field,
        code="points-day-limit",
        facts={"left_today": left},
    )


def purchase_limit(most: int, *, unit: Unit, field: str | None = None) -> Conflict:
    """The club's ceiling for a purchase (facts: `available`)."""
    return Conflict(
        T("At most %(points)s can be used in one purchase. Use fewer.", points=told(most, unit)),
        field=field,
        code="points-purchase-limit",
        facts={"available": most},
    )


def share_limit(most: int, *, unit: Unit, field: str | None = None) -> Conflict:
    """Points pay no larger share of the purchase (facts: `available`)."""
    return Conflict(
        T("Points can pay only a part of this purchase: %(points)s at most. Use fewer.", points=told(most, unit)),
        field=field,
        code="points-share-limit",
        facts={"available": most},
    )


def in_steps(step: int, most: int, *, unit: Unit, field: str | None = None) -> Conflict:
    """Points are used in whole steps (facts: `step`, and `available`, the most below what was asked)."""
    return Conflict(
        T(
            "Points are used in steps of %(step)s. Use %(points)s, or another whole step.",
            step=told(step, unit),
            points=told(most, unit),
        ),
        field=field,
        code="points-step",
        facts={"step": step, "available": most},
    )


def least_at_once(least: int, *, unit: Unit, field: str | None = None) -> Conflict:
    """The club wants more to be used at once, or none (facts: `least`)."""
    return Conflict(
        T("At least %(points)s have to be used at once. Use more, or none.", points=told(least, unit)),
        field=field,
        code="points-least",
        facts={"least": least},
    )


def whole_items(most: int, *, unit: Unit, field: str | None = None) -> Conflict:
    """Points pay items wholly or not at all (facts: `available`, what as many as were asked would pay so)."""
    text = (
        T("Points pay whole items only. Use %(points)s for these.", points=told(most, unit))
        if most
        else T("Points pay whole items only, and there are too few for any of these.")
    )
    return Conflict(text, field=field, code="points-whole-items", facts={"available": most})


def excluded(*, field: str | None = None) -> Conflict:
    """The club lets points pay for nothing of what is bought."""
    return Conflict(T("Nothing in this basket can be paid with points."), field=field, code="points-excluded")


def closed(*, field: str | None = None) -> Conflict:
    """The club's points don't pay in this channel, or no longer."""
    return Conflict(T("Points of this club don't pay here today."), field=field, code="points-closed")


def not_theirs(*, field: str | None = None) -> Conflict:
    """The account is shared, and its points are used by others."""
    return Conflict(
        T("Others of the household use the points. Ask the main member."), field=field, code="points-not-theirs"
    )


def not_taken(field: str) -> Refused:
    """No offer in force lets points of the club pay in this sale."""
    return Refused(T("Points can't pay in this sale."), field=field, code="points-not-taken")
