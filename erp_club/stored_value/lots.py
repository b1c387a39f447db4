"""Which money goes first, and how much each card gives. Pure."""

import calendar
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lot:
    """Money that can be used until `last_day`, included; None is for ever."""

    id: int
    last_day: dt.date | None
    remaining_minor: int

    def holds(self, on: dt.date) -> bool:
        """Whether it can still be used on this day."""
        return self.last_day is None or on <= self.last_day


@dataclass(frozen=True, slots=True)
class Part:
    """What a movement does to a lot: above zero in, below zero out."""

    lot_id: int
    amount_minor: int


def usable(lots: Sequence[Lot], *, on: dt.date) -> int:
    """What can be paid with on this day. What has expired counts for nothing, whether it is booked yet or not."""
    return sum(lot.remaining_minor for lot in lots if lot.holds(on))


def take(lots: Sequence[Lot], amount_minor: int, *, on: dt.date) -> tuple[tuple[Part, ...], int]:
    """Take so much out: first what ends first, then the oldest lot. Gives the parts (below 0) and what is missing."""
    parts: list[Part] = []
    missing = amount_minor
    for lot in sorted(lots, key=lambda lot: (lot.last_day or dt.date.max, lot.id)):
        part = min(lot.remaining_minor, missing) if lot.holds(on) else 0
        if part > 0:
            parts.append(Part(lot.id, -part))
            missing -= part
    return tuple(parts), missing


@dataclass(frozen=True, slots=True)
class Claim:
    """A card in a sale: what it can give, and how much it was asked for; None is whatever is still due."""

    available_minor: int
    asked_minor: int | None = None


def shares(due_minor: int, claims: Sequence[Claim]) -> list[int]:
    """What each card gives of what is due: first what was asked for by amount, then the others in the order given.

    A card gives no more than was asked even where it has less: whoever calls compares.
    """
    rest = due_minor - sum(claim.asked_minor or 0 for claim in claims)
    given: list[int] = []
    for claim in claims:
        part = claim.asked_minor if claim.asked_minor is not None else max(0, min(claim.available_minor, rest))
        if claim.asked_minor is None:
            rest -= part
        given.append(part)
    return given


def last_day(on: dt.date, months: int | None) -> dt.date | None:
    """The last day of money that comes onto a card on this day; None is for ever.

    N months from D end on the same day N months later, included, so that nobody who counts from the day is late.
    """
    if months is None:
        return None
    index = on.year * 12 + on.month - 1 + months
    year, month = index // 12, index % 12 + 1
    if year > dt.MAXYEAR:
        return None
    return dt.date(year, month, min(on.day, calendar.monthrange(year, month)[1]))
