"""What a reward gives on one basket before it is booked: amounts off units, units used, gifts and coupons."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from erp_club.kernel.money import Rounding, allocate, round_div
from erp_club.promotions.engine.basket import Basket, Lot, net_of, tax_on
from erp_club.promotions.engine.facts import Claim, PointsLimits
from erp_club.promotions.engine.gates import Failure
from erp_club.promotions.engine.scope import Basis
from erp_club.promotions.engine.scopes import Counted

Take = tuple[Lot, int, int]
"""So many units of a lot, and the amount off them. Several takes of one lot follow each other from its first unit."""


@dataclass(slots=True)
class Give:
    """What a reward gives. `times`: how often it counts against limits; `failure`: why it gives nothing."""

    takes: list[Take] = field(default_factory=list[Take])
    times: int = 1
    units_used: int = 0
    free_units: int = 0
    gifts: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    choices: tuple[str, ...] = ()
    coupons: int = 0
    batch: str | None = None
    points_used: int = 0
    failure: Failure | None = None

    @property
    def amount(self) -> int:
        """All that is taken off."""
        return sum(amount for _, _, amount in self.takes)

    @property
    def something(self) -> bool:
        """Whether it changes money, gives a unit or issues a coupon."""
        return bool(self.gifts or self.coupons or any(amount for _, _, amount in self.takes))


class Purse(Protocol):
    """The points that a customer can use in this sale."""

    def club(self, named: str | None) -> str | None:
        """The club whose points are meant; None where the customer has no account there."""
        ...

    def balance(self, club: str) -> int:
        """The points there, less those used in this sale."""
        ...

    def limits(self, club: str) -> PointsLimits:
        """How they may pay, less what of a day's ceiling this sale has used."""
        ...

    def earned_after(self, club: str, takes: Sequence[Take]) -> int:
        """The points of this sale that could be used, were this taken off too; 0 where they can't be used yet."""
        ...


@dataclass(slots=True)
class Turn:
    """An offer's turn on a basket: how often its condition is fulfilled, and which units it may look at."""

    basket: Basket
    times: int = 1
    most: int | None = None
    """The most applications that its limits leave."""
    mask: int = 0
    """Bits of the exclusive groups whose units it can't have."""
    needed: Sequence[Counted] = ()
    """The units that the offer's conditions ask for."""
    claim: Claim | None = None
    later: frozenset[int] | None = None
    """Lines that later offers of the stage can use, where an amount is to leave them for last."""
    code: str = ""
    purse: "Purse | None" = None
    """The customer's points, for rewards that use them."""

    def lots(self, scope: int) -> list[Lot]:
        """The lots of a scope that this offer may look at."""
        return self.basket.open_lots(scope, self.mask)


Reward = Callable[[Turn], Give]


def in_order(basket: Basket, lots: Iterable[Lot], *, dearest: bool) -> list[Lot]:
    """Lots by list price of a unit, then those with more left to pay first, then by line."""
    worth = basket.worth
    if dearest:
        return sorted(lots, key=lambda lot: (-worth[lot.line], -lot.left // lot.count, lot.line))
    return sorted(lots, key=lambda lot: (worth[lot.line], -lot.left // lot.count, lot.line))


def first_units(lots: Iterable[Lot], count: int) -> list[Take]:
    """The first `count` units of these lots, with what is left to pay for them."""
    found: list[Take] = []
    for lot in lots:
        if count <= 0:
            break
        units = min(count, lot.count)
        found.append((lot, units, lot.part(units)))
        count -= units
    return found


def first_measured(basket: Basket, lots: Iterable[Lot], milli: int) -> list[Take]:
    """The first so many thousandths of these lots, with what is left to pay for them; of what is measured a part."""
    found: list[Take] = []
    for lot in lots:
        size = basket.size(lot.line)
        units = min(lot.count, milli // size)
        if units:
            found.append((lot, units, lot.part(units)))
            milli -= units * size
        if units < lot.count:
            if milli and size % 1000:
                found.append((lot, 1, round_div(lot.left * milli, size, Rounding.HALF_UP)))
            break
    return found


def by_line(takes: list[Take]) -> list[Take]:
    """The same in the order of lines, for ties go to the first line."""
    return sorted(takes, key=lambda take: take[0].line)


def shared(amount: int, targets: Sequence[Take]) -> list[Take]:
    """An amount shared out over targets (units, what is left of them) by what is left; at most that."""
    lefts = [left for _, _, left in targets]
    whole = sum(lefts)
    if amount >= whole:
        return list(targets)
    return [(lot, count, part) for (lot, count, _), part in zip(targets, allocate(amount, lefts), strict=True)]


def shared_net(basket: Basket, net_amount: int, targets: Sequence[Take]) -> list[Take]:
    """The same for an amount without tax: spread by net, each part with the tax of its line."""
    rates = [basket.lines[lot.line].vat_bp for lot, _, _ in targets]
    nets = [net_of(left, rate) for (_, _, left), rate in zip(targets, rates, strict=True)]
    if net_amount >= sum(nets):
        return list(targets)
    parts = allocate(net_amount, nets)
    return [
        (lot, count, min(left, part + tax_on(part, rate)))
        for (lot, count, left), part, rate in zip(targets, parts, rates, strict=True)
    ]


def off(basket: Basket, amount: int, targets: Sequence[Take], basis: Basis | None) -> list[Take]:
    """An amount with or without tax (None: as the chain says) off targets."""
    if not targets:
        return []
    if (basis or basket.facts.policy.amounts_basis) is Basis.EXCLUDING:
        return shared_net(basket, amount, targets)
    return shared(amount, targets)


def book(basket: Basket, takes: Iterable[Take], mask: int) -> dict[int, list[int]]:
    """Take amounts off the units, mark them as used, and tell amount and thousandths for each line."""
    lines: dict[int, list[int]] = {}
    goods, pieces = basket.lines, basket.pieces
    for lot, count, amount in takes:
        units = lot if count >= lot.count else basket.split(lot, count)
        units.left -= amount
        units.taken |= mask
        i = lot.line
        milli = count * (goods[i].quantity_milli // pieces[i])
        held = lines.get(i)
        if held is None:
            lines[i] = [amount, milli]
        else:
            held[0] += amount
            held[1] += milli
    return lines
