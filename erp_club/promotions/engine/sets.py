"""Rewards on sets of units: buy so many and get some of them, and bundles at a price."""

from collections.abc import Sequence

from erp_club.kernel.money import round_div
from erp_club.promotions.engine.basket import BP, Basket, Lot, net_of
from erp_club.promotions.engine.field import field_of
from erp_club.promotions.engine.give import Give, Reward, Take, Turn, by_line, in_order, off, shared
from erp_club.promotions.engine.priced import Reason
from erp_club.promotions.engine.rewards import Bundle, BuyGet, Freed
from erp_club.promotions.engine.scope import EVERYTHING, Basis, Pick
from erp_club.promotions.engine.scopes import Scopes
from erp_club.promotions.engine.shaping import Shaping, bundle_shaping, share_units, usual
from erp_club.promotions.engine.solve import Bundle as Shape
from erp_club.promotions.engine.solve import Contender, solve


class Sets:
    """Forms full sets from slots of ordered lots, equal sets at once, so that a line of many units costs no more."""

    __slots__ = ("lacking", "missing", "rest", "slots")

    def __init__(self, slots: Sequence[tuple[Sequence[Lot], int]]) -> None:
        self.slots = slots
        self.rest: dict[int, Lot] = {}
        self.missing = 0
        """Units that the set which couldn't be formed lacked."""
        self.lacking: list[int] = []
        """The same, slot by slot."""

    def _of(self, lot: Lot) -> Lot:
        """What is still there of a lot."""
        held = self.rest.get(id(lot))
        if held is None:
            held = self.rest[id(lot)] = Lot(lot.line, lot.count, lot.left)
        return held

    def _pattern(self) -> list[list[tuple[Lot, int]]] | None:
        """Which units the next set takes, slot by slot; None where there are too few."""
        reserved: dict[int, int] = {}
        pattern: list[list[tuple[Lot, int]]] = []
        self.lacking = []
        for lots, quantity in self.slots:
            found: list[tuple[Lot, int]] = []
            lacking = quantity
            for lot in lots:
                count = min(lacking, self._of(lot).count - reserved.get(id(lot), 0))
                if count > 0:
                    found.append((lot, count))
                    reserved[id(lot)] = reserved.get(id(lot), 0) + count
                    lacking -= count
                if not lacking:
                    break
            self.lacking.append(lacking)
            pattern.append(found)
        self.missing = sum(self.lacking)
        return None if self.missing else pattern

    def take(self, most: int | None) -> tuple[int, list[list[Take]]] | None:
        """The next set, as often as it repeats (at most `most` times): slot by slot its units and what they cost."""
        pattern = self._pattern()
        if pattern is None:
            return None
        needed: dict[int, int] = {}
        for lot, count in (each for slot in pattern for each in slot):
            needed[id(lot)] = needed.get(id(lot), 0) + count
        repeats = min(self.rest[key].count // count for key, count in needed.items())
        if most is not None:
            repeats = min(repeats, most)
        return repeats, [[self._away(lot, count * repeats) for lot, count in slot] for slot in pattern]

    def _away(self, lot: Lot, count: int) -> Take:
        """Take units away from what is there."""
        rest = self.rest[id(lot)]
        part = rest.part(count)
        rest.count -= count
        rest.left -= part
        return lot, count, part


def _most(turn: Turn, applications: int | None) -> int | None:
    """The most sets that the reward and the offer's limits allow."""
    own = None if applications is None else applications * turn.times
    return min((each for each in (own, turn.most) if each is not None), default=None)


def short(missing: int) -> Give:
    """Nothing, for want of so many units."""
    return Give(failure=(Reason.MIN_QUANTITY, missing))


def buy_get(reward: BuyGet, scopes: Scopes) -> Reward:
    """Of each full set some units at a share off."""
    return _cheapest_of_each(reward, scopes) if reward.freed is Freed.CHEAPEST_OF_EACH else _cheapest(reward, scopes)


def _cheapest(reward: BuyGet, scopes: Scopes) -> Reward:
    """The cheapest of all matching units; the next cheapest are those paid for."""
    scope = scopes.number(reward.on or EVERYTHING)
    size, free, rate, applications = reward.size, reward.free, reward.off_bp, reward.applications

    def give(turn: Turn) -> Give:
        lots = in_order(turn.basket, turn.lots(scope), dearest=False)
        count = sum(lot.count for lot in lots)
        if count < size:
            return short(size - count)
        most = _most(turn, applications)
        sets = count // size if most is None else min(count // size, most)
        if not sets:
            return Give()
        former = Sets(((lots, sets * free), (lots, sets * (size - free))) if size > free else ((lots, sets * free),))
        formed = former.take(1)
        assert formed is not None
        freed, paid = formed[1][0], formed[1][1] if size > free else []
        takes = _share_off(turn, freed, rate)
        return Give(takes + _unpaid(paid), sets, sets * size, sets * free if rate == BP else 0)

    return give


def _cheapest_of_each(reward: BuyGet, scopes: Scopes) -> Reward:
    """The cheapest of each set, in sets made from the dearest unit down."""
    scope = scopes.number(reward.on or EVERYTHING)
    size, free, rate, applications = reward.size, reward.free, reward.off_bp, reward.applications

    def give(turn: Turn) -> Give:
        lots = in_order(turn.basket, turn.lots(scope), dearest=True)
        slots = ((lots, size - free), (lots, free)) if size > free else ((lots, free),)
        former, takes, freed, sets, most = Sets(slots), list[Take](), list[int](), 0, _most(turn, applications)
        while most is None or sets < most:
            formed = former.take(None if most is None else most - sets)
            if formed is None:
                break
            repeats, taken = formed
            if size > free:
                takes += _unpaid(taken[0])
            freed += range(len(takes), len(takes) + len(taken[-1]))
            takes += taken[-1]
            sets += repeats
        if not sets:
            return short(former.missing)
        # The share is computed once over all sets, and then laid on the units that they give.
        given = _share_off(turn, [takes[place] for place in freed], rate)
        for place, take in zip(freed, given, strict=True):
            takes[place] = take
        return Give(takes, sets, sets * size, sets * free if rate == BP else 0)

    return give


def _share_off(turn: Turn, freed: Sequence[Take], rate: int) -> list[Take]:
    """A share off the units that a set gives, computed once over them."""
    cost = sum(left for _, _, left in freed)
    return shared(round_div(cost * rate, BP, turn.basket.facts.policy.rounding), freed)


def _unpaid(takes: Sequence[Take]) -> list[Take]:
    """Units that are used without anything off."""
    return [(lot, count, 0) for lot, count, _ in takes]


def bundle(reward: Bundle, scopes: Scopes) -> Reward:
    """The units of all slots together at a price, set by set while that gains something."""
    slots = [(scopes.number(slot.on or EVERYTHING), slot.quantity) for slot in reward.slots]
    dearest, applications = reward.pick is Pick.DEAREST, reward.applications
    share, size = reward.off_bp, sum(slot.quantity for slot in reward.slots)
    shaping = bundle_shaping(reward, scopes) if dearest and len(slots) > 1 else None

    def give(turn: Turn) -> Give:
        best = None if shaping is None else _best_sets(turn, shaping, size)
        if best is not None:
            return best
        filled = [(in_order(turn.basket, turn.lots(scope), dearest=dearest), quantity) for scope, quantity in slots]
        # A slot that fewer units fit goes first: what also fits elsewhere is left for elsewhere.
        filled.sort(key=lambda slot: sum(lot.count for lot in slot[0]) - slot[1])
        former, takes, sets, most = Sets(filled), list[Take](), 0, _most(turn, applications)
        full = False
        while most is None or sets < most:
            formed = former.take(None if most is None else most - sets)
            if formed is None:
                break
            full = True
            repeats, slots_taken = formed
            units = by_line([each for slot in slots_taken for each in slot])
            lowered = units if share is not None else _lowered(turn.basket, units, reward, repeats)
            if lowered:
                takes += lowered
                sets += repeats
            elif dearest:
                break
        if not full and former.missing:
            return short(former.missing)
        if share is not None:
            # A share is computed once over all sets.
            takes = _share_off(turn, takes, share) if takes else takes
        return Give(takes, sets, sets * size)

    return give


def _best_sets(turn: Turn, shaping: Shaping, size: int) -> Give | None:
    """The sets that save most where a unit could go into several slots; None where none could, or none saves."""
    policy = turn.basket.facts.policy
    if not usual(policy):
        return None
    ground = field_of(turn.basket, turn.mask)
    shape = shaping(turn.basket, ground.on, turn.times, turn.most)
    if not isinstance(shape, Shape) or not share_units(shape.slots):
        return None
    taken = solve(ground.stacks, [Contender("", shape)], deadline_ms=policy.deadline_ms).assignment
    return Give(ground.takes(taken), taken[0].times, taken[0].times * size) if taken else None


def _lowered(basket: Basket, units: list[Take], reward: Bundle, sets: int) -> list[Take]:
    """What so many sets of these units save, on the units; nothing where the bundle would be dearer."""
    basis, price = basket.facts.policy.amounts_basis, reward.price_minor
    gain = (reward.off_minor or 0) * sets if price is None else _cost(basket, units, basis) - price * sets
    return off(basket, gain, units, basis) if gain > 0 else []


def _cost(basket: Basket, units: list[Take], basis: Basis) -> int:
    """What units cost, with or without tax."""
    if basis is Basis.INCLUDING:
        return sum(left for _, _, left in units)
    return sum(net_of(left, basket.lines[lot.line].vat_bp) for lot, _, left in units)
