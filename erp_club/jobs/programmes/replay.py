"""How an account would stand if one movement had never been: what came after it is done again without it. Pure."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from erp_club.kernel.lots import DEBT, Lot, Part, in_order, take_in_order
from erp_club.kernel.text import N_

GIVES = frozenset({"earned", "event", "gift", "opening", "adjusted"})
TAKES = frozenset({"redeemed", "converted", "adjusted"})

SPENT = N_("More was used since than there would have been.")
UNKNOWN = N_("What came after it can't be done again without it: a return, a transfer or an ending.")
MOVED = N_("Its points are in another account since: customers were merged, or memberships linked or parted.")
ENDED = N_("The membership was ended since, and its points with it.")


@dataclass(frozen=True, slots=True)
class Later:
    """A movement that came after the one that is taken back: its kind, date, and what it did to lots and debt.

    `seq` is its number in the account, `reverses` that of the movement which it took back itself.
    """

    kind: str
    on: dt.date
    parts: tuple[Part, ...]
    seq: int = 0
    reverses: int | None = None

    @property
    def points(self) -> int:
        """What it moved in all."""
        return sum(part.amount for part in self.parts)


@dataclass(frozen=True, slots=True)
class Standing:
    """An account as it is: its debt (≥ 0), every lot that a movement here names or that holds anything (with how much
    each was ever given), what the movement did that is taken back, and what came after it, in order.

    `barred`: why nothing may be moved in it any more, as a sentence of the catalogues.
    """

    debt: int
    lots: tuple[Lot, ...]
    given: Mapping[int, int]
    undone: tuple[Part, ...]
    later: tuple[Later, ...]
    barred: str | None = None


class _Stuck(Exception):
    """It can't be told; the reason is a sentence of the catalogues."""


def as_if_never(account: Standing) -> tuple[tuple[Part, ...], str | None]:
    """What a movement must do to the lots and the debt so that they stand as if the one taken back had never been.

    Nothing where they do already. Where it can't be told, or members have spent what they wouldn't have had, the
    second value is the reason and there is nothing to do.
    """
    if account.barred is not None:
        return (), account.barred
    history = (Later("", dt.date.min, account.undone), *account.later)
    moved: dict[int, int] = {}
    for each in history:
        for part in each.parts:
            moved[part.lot_id] = moved.get(part.lot_id, 0) + part.amount
    before = {lot.id: replace(lot, remaining=lot.remaining - moved.get(lot.id, 0)) for lot in account.lots}
    world = _World(before, account.debt + moved.get(DEBT, 0))
    try:
        for each in _counting(account.later):
            world.again(each)
    except _Stuck as stuck:
        return (), str(stuck)
    if any(lot.remaining > account.given[lot.id] for lot in world.lots.values()):
        return (), UNKNOWN
    parts = [Part(lot.id, world.lots[lot.id].remaining - lot.remaining) for lot in account.lots]
    parts.append(Part(DEBT, account.debt - world.debt))
    told = tuple(part for part in parts if part.amount)
    # A movement moves something: where only lots would change places, they stay as they are.
    return (told if sum(part.amount for part in told) else ()), None


def _counting(later: Sequence[Later]) -> list[Later]:
    """Those of them that count: what was undone meanwhile is as if it had never been, and so is its undoing."""
    numbers = {each.seq for each in later}
    undoing = [each for each in later if each.kind == "undone" and each.reverses in numbers]
    gone = {number for each in undoing for number in (each.seq, each.reverses)}
    return [each for each in later if each.seq not in gone]


class _World:
    """The account without the movement, as time goes by."""

    def __init__(self, lots: dict[int, Lot], debt: int) -> None:
        self.lots = lots
        self.debt = debt

    def again(self, each: Later) -> None:
        if each.kind == "expired":
            # An account that was idle for too long loses lots that could still be used, and then all of them.
            idle = any(not self.lots[part.lot_id].expired(each.on) for part in each.parts)
            for lot in self._lots(lambda lot: idle or lot.expired(each.on)):
                self._add(lot.id, -lot.remaining)
        elif each.kind == "reset":
            self._zero()
        elif each.points > 0 and each.kind in GIVES:
            self._give(each)
        elif each.points < 0 and each.kind in TAKES:
            if self._take(self._lots(lambda lot: lot.usable(each.on)), -each.points):
                raise _Stuck(SPENT)
        elif each.points < 0 and each.kind == "returned":
            own = {part.lot_id for part in each.parts}
            missing = self._take(self._lots(lambda lot: lot.id in own), -each.points)
            self.debt += self._take(self._lots(lambda lot: lot.usable(each.on)), missing)
        else:
            raise _Stuck(UNKNOWN)

    def _zero(self) -> None:
        """The balance becomes nothing: what lots hold above the debt is taken, or the debt above them is let off."""
        balance = sum(lot.remaining for lot in self.lots.values()) - self.debt
        if balance > 0:
            self._take(sorted(self._lots(lambda _: True), key=lambda lot: lot.available_on is None), balance)
        self.debt += min(balance, 0)

    def _give(self, each: Later) -> None:
        repaid = min(self.debt, each.points)
        self.debt -= repaid
        to = [part.lot_id for part in each.parts if part.lot_id != DEBT]
        if each.points > repaid:
            if not to:
                raise _Stuck(UNKNOWN)  # all of it paid a debt, and nothing tells which lot it would have filled
            self._add(to[0], each.points - repaid)

    def _take(self, lots: Sequence[Lot], points: int) -> int:
        taken = take_in_order(lots, points)
        for part in taken.parts:
            self._add(part.lot_id, part.amount)
        return taken.missing

    def _lots(self, which: Callable[[Lot], bool]) -> list[Lot]:
        return in_order(lot for lot in self.lots.values() if which(lot))

    def _add(self, lot_id: int, points: int) -> None:
        lot = self.lots[lot_id]
        self.lots[lot_id] = replace(lot, remaining=lot.remaining + points)
