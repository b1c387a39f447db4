"""What is asked for a basket, and the facts by which it is priced. Pure."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from erp_club.permissions.actors import Actor
from erp_club.permissions.places import TerminalFacts
from erp_club.programmes.engine.places import Where
from erp_club.promotions.engine.compile import Compiled
from erp_club.promotions.engine.facts import (
    Claim,
    Facts,
    ListPrice,
)
from erp_club.promotions.engine.offer import Start
from erp_club.promotions.engine.ready import Ready
from erp_club.purchases.places import where_of
from erp_club.purchases.quotes.told import NOBODY, Buyer, HeldMembership, SoldProduct

FEE = "membership_fee"
"""The kind of a line that is the fee of a membership, as rules name it."""


@dataclass(frozen=True, slots=True)
class PointsPayment:
    """So many points of a club that are to pay; without a club of the only one that the customer is in."""

    points: int
    club: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A basket to be priced: (SKU, quantity in thousandths) by line, who buys, and what was entered beside the items.

    `paid`: how much some of the means pay, where that is known; one that is left pays the rest.
    `fees`: (index of the line, price) of what memberships cost.
    `sale_id` is the till's name for the sale: draws hang on it, and coupons are held for it.
    `automatic`: the coupons that plans and rules let tills use by themselves are entered beside the others.
    """

    lines: tuple[tuple[str, int], ...]
    buyer: Buyer = NOBODY
    coupons: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    confirmed: frozenset[str] = frozenset()
    means: tuple[str, ...] = ()
    sale_id: str = ""
    points: tuple[PointsPayment, ...] = ()
    paid: tuple[tuple[str, int], ...] = ()
    fees: tuple[tuple[int, int], ...] = ()
    automatic: bool = False


def _nothing(_texts: Sequence[str]) -> None:
    """For where nobody counts wrong codes: what is tried out, and what was entered before."""


@dataclass(frozen=True, slots=True)
class Place:
    """The till and who works there, the moment of the sale, and the moment of asking, by which coupons are held.

    `on_wrong` is told the codes that were entered in vain, so that somebody counts them whatever becomes of the sale.
    """

    terminal: TerminalFacts
    by: Actor
    sold_at: dt.datetime
    now: dt.datetime
    on_wrong: Callable[[Sequence[str]], None] = _nothing

    @property
    def where(self) -> Where:
        """The till's channel and store."""
        return where_of(self.terminal)

    @property
    def local(self) -> dt.datetime:
        """The moment of the sale by the store's clock, without a zone."""
        return self.sold_at.astimezone(ZoneInfo(self.terminal.time_zone)).replace(tzinfo=None)

    @property
    def today(self) -> dt.date:
        """The store's day on which it is sent: limits and rights go by it, whatever moment a till names."""
        return self.now.astimezone(ZoneInfo(self.terminal.time_zone)).date()


@dataclass(frozen=True, slots=True)
class OtherClub:
    """A published club in which the customer holds no membership today, and what its members' lists say besides."""

    code: str
    id: int
    names: Mapping[str, str]
    price_lists: tuple[ListPrice, ...]


@dataclass(frozen=True, slots=True)
class Gathered:
    """The engine's facts, the offers in force, and what a sale needs of the same rows."""

    facts: Facts
    compiled: Compiled
    products: Mapping[str, SoldProduct]
    customer_id: int
    memberships: Mapping[str, HeldMembership]
    others: tuple[OtherClub, ...]


def takes_points(ready: Ready, club: str | None) -> bool:
    """Whether an offer lets points of a club pay as money, where the cashier says how many."""
    return (
        ready.redeems
        and ready.start in {Start.AUTO, Start.CASHIER}
        and any(part.club in {club, None} or club is None for part in ready.parts)
    )
