"""What the rules are told: purchases, dated movements and the member. No database, no clock.

Amounts are in minor units, quantities in thousandths, points in the account's smallest part.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

EMPTY: Mapping[Any, Any] = MappingProxyType({})


def _empty() -> Mapping[Any, Any]:
    return EMPTY


@dataclass(frozen=True, slots=True)
class Bought:
    """A line as it was paid. `before_minor` is what it would have cost without offers, at the price list in force.

    `reduced`: sold below the regular price; `promoted`: an offer has touched it, or only `touched_milli` of its units
    where that is known; `free_milli` were had for nothing. `points_minor` is what points paid beside it. Below zero it
    is a return.
    """

    id: str
    product: str
    paid_minor: int
    quantity_milli: int = 1_000
    group: str | None = None
    department: str | None = None
    brand: str | None = None
    kind: str = "goods"
    before_minor: int | None = None
    price_list: str = ""
    reduced: bool = False
    promoted: bool = False
    earns: bool = True
    points_minor: int = 0
    vat_bp: int = 0
    touched_milli: int = 0
    free_milli: int = 0


@dataclass(frozen=True, slots=True)
class Tender:
    """What one means paid (`cash`, `card`, `points`, `gift_card`, …); with `lines`, how much of which line."""

    means: str
    amount_minor: int
    lines: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Purchase:
    """A receipt in the store's local time. `payer`: the member is the one who pays; `uses_points`: points were used."""

    at: dt.datetime
    lines: tuple[Bought, ...]
    tenders: tuple[Tender, ...] = ()
    store: str = ""
    channel: str = "store"
    id: str = ""
    payer: bool = True
    confirmed: frozenset[str] = frozenset()
    uses_points: bool = False

    @property
    def on(self) -> dt.date:
        """The store's day."""
        return self.at.date()

    @property
    def total_minor(self) -> int:
        """What the lines cost."""
        return sum(line.paid_minor for line in self.lines)


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """The member at the moment of a purchase. `so_far`: what a growing rule has counted in its period, by rule.

    `points_today`: what each rule has given today, and all of them under the empty name, `points_this_month` in the
    calendar month. `visited`: by which rule and in which store a visit has counted today already. `gave_at`: when each
    rule gave points the last time. `purchases`: how many before this one. `children`: birthdays.
    """

    joined_on: dt.date | None = None
    level: str | None = None
    birthday: dt.date | None = None
    segments: frozenset[str] = frozenset()
    purchases: int = 0
    so_far: Mapping[str, int] = field(default_factory=_empty)
    points_today: Mapping[str, int] = field(default_factory=_empty)
    points_this_month: Mapping[str, int] = field(default_factory=_empty)
    visited: frozenset[tuple[str, str]] = frozenset()
    children: tuple[dt.date, ...] = ()
    gave_at: Mapping[str, dt.datetime] = field(default_factory=_empty)


@dataclass(frozen=True, slots=True)
class Moved:
    """So much of a measure, counted on a day. `known_on`: the day on which it came in; a return comes in later.

    `measure` tells measures apart where a rule has several: 0 is its own.
    """

    on: dt.date
    value: int
    known_on: dt.date | None = None
    measure: int = 0

    @property
    def known(self) -> dt.date:
        """From which day on it is known."""
        return self.on if self.known_on is None else max(self.on, self.known_on)
