"""How an account would stand if one movement had never been: what came after it is done again without it. Pure."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from erp_club.kernel.lots import DEBT, Lot, Part, given_back, in_order, pay_debt, take_in_order
from erp_club.kernel.text import N_

GIVES = frozenset({"earned", "event", "gift", "opening", "adjusted", "converted"})
TAKES = frozenset({"redeemed", "converted", "adjusted"})
BACK = frozenset({"refunded", "restored"})

SPENT = N_("More was used since than there would have been.")
UNKNOWN = N_("What came after it can't be done again without it: a return, a transfer or an ending.")
DEBTS = N_("A debt that came of it was paid since by points of which no days are known.")
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

    `before` are movements from before it that later ones take back: what each did, and how much of it had come back
    before it, too. `barred`: why nothing may be moved in it any more, as a sentence of the catalogues.
    """

    debt: int
    lots: tuple[Lot, ...]
    given: Mapping[int, int]
    undone: tuple[Part, ...]
    later: tuple[Later, ...]
    barred: str | None = None
    before: Mapping[int, tuple[tuple[Part, ...], int]] = field(default_factory=dict[int, tuple[tuple[Part, ...], int]])


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
    world = _World(before, account.debt + moved.get(DEBT, 0), account.before)
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

    def __init__(self, lots: dict[int, Lot], debt: int, before: Mapping[int, tuple[tuple[Part, ...], int]]) -> None:
        self.lots = lots
        self.debt = debt
        # What each movement took here, and how much of that came back; then the same as it was in fact.
        self.taken = dict(before)
        self.fact = dict(before)

    def again(self, each: Later) -> None:
        was = dict(self.lots)
        self._again(each)
        self.fact[each.seq] = each.parts, 0
        changes = ((lot, self.lots[lot].remaining - was[lot].remaining) for lot in was)
        self.taken[each.seq] = tuple(Part(lot, change) for lot, change in changes if change), 0

    def _again(self, each: Later) -> None:
        if each.kind in {"expired", "ended"}:
            # An account that was idle for too long loses lots that could still be used, and then all of them.
            every = each.kind == "ended" or any(not self.lots[part.lot_id].expired(each.on) for part in each.parts)
            for lot in self._lots(lambda lot: every or lot.expired(each.on)):
                self._add(lot.id, -lot.remaining)
        elif each.kind == "reset":
            self._zero()
        elif each.kind == "released" or (each.kind == "transferred" and each.points > 0):
            self._as_it_was(each)
        elif each.points > 0 and each.kind in GIVES:
            self._give(each)
        elif each.points > 0 and each.kind in BACK and each.reverses in self.fact:
            self._give_back(each, each.reverses)
        elif each.points < 0 and each.kind in TAKES:
            if self._take(self._lots(lambda lot: lot.usable(each.on)), -each.points):
                raise _Stuck(SPENT)
        elif each.points < 0 and each.kind == "returned":
            own = {part.lot_id for part in each.parts}
            missing = self._take(self._lots(lambda lot: lot.id in own), -each.points)
            self.debt += self._take(self._lots(lambda lot: lot.usable(each.on)), missing)
        else:
            raise _Stuck(UNKNOWN)

    def _as_it_was(self, each: Later) -> None:
        """The same lots in the same way: what came from elsewhere, or was released. A debt must be what it was."""
        paid = sum(part.amount for part in each.parts if part.lot_id == DEBT)
        filled = each.points > paid
        # A debt that was paid in full is known; of one that took all of it nobody knows how large it was.
        if (self.debt != paid and (filled or self.debt < paid)) or paid < 0:
            raise _Stuck(DEBTS)
        self.debt -= paid
        for part in each.parts:
            if part.lot_id != DEBT:
                if self.lots[part.lot_id].remaining + part.amount < 0:
                    raise _Stuck(UNKNOWN)
                self._add(part.lot_id, part.amount)

    def _give_back(self, each: Later, seq: int) -> None:
        """What a movement took here goes back as it went back in fact: as much, or all, where that was all of it."""
        (took, back), (took_here, back_here) = self.fact[seq], self.taken[seq]
        lots = {part.lot_id for part in took}
        if any(part.lot_id not in lots and part.lot_id != DEBT for part in each.parts):
            raise _Stuck(UNKNOWN)  # they had expired, and got other days
        left, left_here = (
            -sum(part.amount for part in one) - gone for one, gone in ((took, back), (took_here, back_here))
        )
        points = left_here if each.points == left else min(each.points, left_here)
        order = {lot.id: place for place, lot in enumerate(in_order(self.lots.values()))}
        in_turn = sorted((part for part in took_here if part.amount < 0), key=lambda part: order[part.lot_id])
        for part in pay_debt(self.debt, reversed(given_back(in_turn, points, before=back_here))):
            if part.lot_id == DEBT:
                self.debt -= part.amount
            else:
                self._add(part.lot_id, part.amount)
        self.fact[seq], self.taken[seq] = (took, back + each.points), (took_here, back_here + points)

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
                raise _Stuck(DEBTS)  # all of it paid a debt, and nothing tells which lot it would have filled
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
