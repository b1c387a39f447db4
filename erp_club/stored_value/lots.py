"""How much each card gives, and how long its money holds; which money goes first, `kernel.lots` says. Pure."""

import calendar
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from erp_club.kernel.lots import Lot


@dataclass(frozen=True, slots=True)
class Good:
    """From when to when money can be used, both days included: without `first` at once, without `last` for ever."""

    first: dt.date | None = None
    last: dt.date | None = None


FOR_EVER = Good()


def lot(lot_id: int, good: Good, remaining_minor: int) -> Lot:
    """Money of a card with the days on which it can be used."""
    return Lot(lot_id, remaining_minor, good.first or dt.date.min, good.last)


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
