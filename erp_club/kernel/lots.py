"""Value in lots: what is taken first, and how much of a credit a debt takes. Pure; points and stored value share it.

A lot is what may be used from the same day to the same day. A debt is no lot: it is what is owed, at or above zero, and
credits pay it before they fill any lot.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

DEBT = 0
"""The number that stands for the debt where movements name their lots. No lot has it."""


@dataclass(frozen=True, slots=True)
class Lot:
    """What remains (≥ 0) of one lot. `available_on` and `last_day` are the first and the last day of use, included.

    Without `available_on` the lot waits for an event; without `last_day` it never expires. Ids rise with age: of two
    lots the older one has the lower.
    """

    id: int
    remaining: int
    available_on: dt.date | None
    last_day: dt.date | None = None

    def usable(self, on: dt.date) -> bool:
        """Whether it may be used on this day."""
        return not self.pending(on) and not self.expired(on)

    def pending(self, on: dt.date) -> bool:
        """Whether its first day of use is still to come."""
        return self.available_on is None or self.available_on > on

    def expired(self, on: dt.date) -> bool:
        """Whether its last day of use is over, be that booked yet or not."""
        return self.last_day is not None and self.last_day < on


L = TypeVar("L", bound=Lot)


@dataclass(frozen=True, slots=True)
class Part:
    """What a movement does to one lot, or to the debt (`DEBT`): above zero it adds, below it takes."""

    lot_id: int
    amount: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken (each part's amount below zero), and how much of what was asked the lots didn't have (≥ 0)."""

    parts: tuple[Part, ...]
    missing: int


def in_order(lots: Iterable[L]) -> list[L]:
    """Lots as they are used up: the earliest last day first, those without one last, of equals the oldest first."""
    return sorted(lots, key=lambda lot: (lot.last_day or dt.date.max, lot.last_day is None, lot.id))


def available(lots: Iterable[Lot], on: dt.date) -> int:
    """What may be used on this day."""
    return sum(lot.remaining for lot in lots if lot.usable(on))


def take(lots: Iterable[Lot], amount: int, *, on: dt.date) -> Taken:
    """Take `amount` (≥ 0) from the lots that may be used on this day, never below zero."""
    return take_in_order(in_order(lot for lot in lots if lot.usable(on)), amount)


def take_in_order(lots: Iterable[Lot], amount: int) -> Taken:
    """Take `amount` (≥ 0) from these lots as they come, whatever their days, never below zero."""
    parts: list[Part] = []
    left = amount
    for lot in lots:
        taken = min(lot.remaining, left)
        if taken > 0:
            parts.append(Part(lot.id, -taken))
            left -= taken
    return Taken(tuple(parts), left)


def give(debt: int, amount: int) -> tuple[int, int]:
    """A credit (≥ 0) to an account with this debt (≥ 0): what it repays, and what is left for a lot."""
    repaid = min(debt, amount)
    return repaid, amount - repaid


def given_back(taken: Iterable[Part], amount: int, *, before: int = 0) -> tuple[Part, ...]:
    """To which lots `amount` of what was `taken` goes back: to the one taken last first, `before` having gone already.

    `taken` comes in the order in which it was taken. Giving back in several goes, each told what went before, comes to
    the same as at once. Raises ValueError for more than was taken.
    """
    parts: list[Part] = []
    skip, left = before, amount
    for part in reversed(tuple(taken)):
        size = -part.amount
        passed = min(skip, size)
        skip -= passed
        back = min(size - passed, left)
        if back > 0:
            parts.append(Part(part.lot_id, back))
            left -= back
    if skip or left:
        raise ValueError("more than was taken")
    return tuple(parts)


def pay_debt(debt: int, parts: Iterable[Part]) -> tuple[Part, ...]:
    """Credits as they come, the first of them to the debt: the parts, with `DEBT` in place of what it takes."""
    left, made = debt, list[Part]()
    for part in parts:
        repaid, rest = give(left, part.amount)
        left -= repaid
        made += [Part(lot, amount) for lot, amount in ((DEBT, repaid), (part.lot_id, rest)) if amount]
    return tuple(made)
