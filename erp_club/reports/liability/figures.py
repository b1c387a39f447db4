"""What a club owes in points: what is outstanding, by age and by month of expiry, and how much of it is likely used.

Pure. Points outstanding are what lots hold; a debt of members stands beside them, since it is paid by what they earn.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from erp_club.kernel.money import Rounding, round_div
from erp_club.points.kinds import MovementKind

HISTORY_MONTHS = 24
"""So far back it is looked for what became of points."""
LEAST_HISTORY = 1_000
"""From fewer points than that nobody can tell."""


class Way(StrEnum):
    """What became of points, as a reconciliation groups it."""

    EARNED = "earned"
    USED = "used"
    EXPIRED = "expired"
    REVERSED = "reversed"
    OTHER = "other"


WAYS = {
    MovementKind.EARNED: Way.EARNED,
    MovementKind.EVENT: Way.EARNED,
    MovementKind.GIFT: Way.EARNED,
    MovementKind.REDEEMED: Way.USED,
    MovementKind.CONVERTED: Way.USED,
    MovementKind.EXPIRED: Way.EXPIRED,
    MovementKind.ENDED: Way.EXPIRED,
    MovementKind.RETURNED: Way.REVERSED,
    MovementKind.REFUNDED: Way.REVERSED,
    MovementKind.RESTORED: Way.REVERSED,
    MovementKind.UNDONE: Way.REVERSED,
}
"""What isn't named is `other`: balances brought along, changes by hand, resets, and moves between accounts."""


class Age(StrEnum):
    """How long ago the first points of a lot came in, in months."""

    TO_3 = "0-3"
    TO_6 = "3-6"
    TO_12 = "6-12"
    TO_24 = "12-24"
    OLDER = "24+"


@dataclass(frozen=True, slots=True)
class Held:
    """Points of one club that are of an age and end in a month (its first day; None: never)."""

    club_id: int
    age: Age
    ends: dt.date | None
    points: int


@dataclass(frozen=True, slots=True)
class Flow:
    """The points of a club that moved for one reason: before the period, in it, and in the months of the history."""

    club_id: int
    kind: MovementKind
    before: int
    moved: int
    movements: int
    history: int


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The balance on the day before the period, what moved in it, and the balance at its end."""

    opening: int
    moved: dict[Way, int]
    closing: int


@dataclass(frozen=True, slots=True)
class Expected:
    """How much of the outstanding points is likely used, by the share that was used of what left in the history.

    None where too few points have left to tell.
    """

    used: int
    lost: int
    share_bp: int | None
    points: int | None


def reconciled(flows: Iterable[Flow]) -> Reconciled:
    """Opening balance, movements by what became of the points, and closing balance."""
    moved = dict.fromkeys(Way, 0)
    opening = 0
    for flow in flows:
        opening += flow.before
        moved[WAYS.get(flow.kind, Way.OTHER)] += flow.moved
    return Reconciled(opening, moved, opening + sum(moved.values()))


def expected(outstanding: int, flows: Iterable[Flow]) -> Expected:
    """What is likely used of the outstanding points."""
    left: dict[Way, int] = defaultdict(int)
    for flow in flows:
        # What came back to a member hasn't been used or lost after all.
        back = {MovementKind.REFUNDED: Way.USED, MovementKind.RESTORED: Way.EXPIRED}
        way = back.get(flow.kind) or WAYS.get(flow.kind, Way.OTHER)
        left[way] -= flow.history
    used, lost = max(left[Way.USED], 0), max(left[Way.EXPIRED], 0)
    if used + lost < LEAST_HISTORY:
        return Expected(used, lost, None, None)
    points = round_div(outstanding * used, used + lost, Rounding.HALF_UP)
    return Expected(used, lost, round_div(used * 10_000, used + lost, Rounding.HALF_UP), points)
