"""Rewards that take something off every unit of a scope, or off some picked ones: percent, amount, fixed price."""

from collections.abc import Callable, Sequence

from erp_club.kernel.money import Rounding, round_div
from erp_club.promotions.engine.basket import BP, Basket, Lot, net_of
from erp_club.promotions.engine.conditions import QuantityIs
from erp_club.promotions.engine.facts import StackBase
from erp_club.promotions.engine.give import (
    Give,
    Reward,
    Take,
    Turn,
    by_line,
    first_measured,
    first_units,
    in_order,
    off,
    shared,
    shared_net,
)
from erp_club.promotions.engine.rewards import Amount, FixedPrice, Percent, Spread, Step
from erp_club.promotions.engine.rewards import Reward as RewardDocument
from erp_club.promotions.engine.scope import EVERYTHING, Basis, Pick
from erp_club.promotions.engine.scopes import Scopes

Targets = Callable[[Turn], list[Take]]


def targets_of(scope: int, units: int | None, pick: Pick, *, measured: bool = False) -> Targets:
    """What a reward is taken from: all units of its scope, or so many picked ones for each time it is fulfilled.

    `measured`: of what is weighed or measured so many kilograms or litres, the last of them in part.
    """
    dearest = pick is Pick.DEAREST

    def targets(turn: Turn) -> list[Take]:
        lots = turn.lots(scope)
        if units is None:
            return [(lot, lot.count, lot.left) for lot in lots]
        if measured:
            milli = 1_000 * units * turn.times
            return by_line(first_measured(turn.basket, in_order(turn.basket, lots, dearest=dearest), milli))
        return by_line(first_units(in_order(turn.basket, lots, dearest=dearest), units * turn.times))

    return targets


def stepped(value: int, steps: Sequence[Step], count_in: int) -> Callable[[Basket], int]:
    """The value of the highest step that the quantity reaches; `value` below the first."""
    if not steps:
        return lambda _basket: value
    falling = sorted(((step.from_quantity, step.value) for step in steps), reverse=True)

    def at(basket: Basket) -> int:
        count = basket.count(count_in)
        return next((each for least, each in falling if count >= least), value)

    return at


def floor_of(reward: RewardDocument) -> QuantityIs | None:
    """The units from which on a reward by steps gives anything, where it gives nothing below the first."""
    if not isinstance(reward, Percent | Amount) or not reward.steps:
        return None
    if reward.value_bp if isinstance(reward, Percent) else reward.value_minor:
        return None
    least = min((step.from_quantity for step in reward.steps if step.value), default=1)
    return QuantityIs(quantity=least, of=reward.count_in or reward.on) if least > 1 else None


def percent(reward: Percent, scopes: Scopes) -> Reward:
    """A share, computed once over all targets, capped, and allocated to them."""
    scope = scopes.number(reward.on or EVERYTHING)
    targets_for = targets_of(scope, reward.units, reward.pick, measured=reward.measured)
    rate_at = stepped(reward.value_bp, reward.steps, scopes.number(reward.count_in) if reward.count_in else scope)
    cap, cap_basis, base_cap = reward.cap_minor, reward.cap_basis, reward.base_cap_minor

    def give(turn: Turn) -> Give:
        basket = turn.basket
        targets = targets_for(turn)
        policy = basket.facts.policy
        base = sum(left for _, _, left in targets)
        if policy.stack_base is StackBase.LIST:
            base = sum(basket.worth[lot.line] * count for lot, count, _ in targets) // 1000
        if base_cap is not None:
            base = min(base, base_cap)
        amount = round_div(base * min(rate_at(basket), BP), BP, policy.rounding)
        if cap is not None and _basis(basket, cap_basis) is Basis.INCLUDING:
            amount = min(amount, cap)
        takes = shared(amount, targets) if targets else []
        if cap is not None and _basis(basket, cap_basis) is Basis.EXCLUDING and _net(basket, takes) > cap:
            takes = shared_net(basket, cap, targets)
        return Give(takes)

    return give


def _basis(basket: Basket, basis: Basis | None) -> Basis:
    return basis or basket.facts.policy.amounts_basis


def _net(basket: Basket, takes: list[Take]) -> int:
    return sum(net_of(amount, basket.lines[lot.line].vat_bp) for lot, _, amount in takes)


def amount_off(reward: Amount, scopes: Scopes) -> Reward:
    """An amount once, from each line or from each unit, to its ceiling."""
    given = _per_unit(reward, scopes) if reward.spread is Spread.UNIT else _of_scope(reward, scopes)
    cap = reward.cap_minor
    if cap is None:
        return given

    def give(turn: Turn) -> Give:
        made = given(turn)
        if made.amount > cap:
            made.takes = shared(cap, made.takes)
        return made

    return give


def _of_scope(reward: Amount, scopes: Scopes) -> Reward:
    """An amount once, or from each line."""
    scope = scopes.number(reward.on or EVERYTHING)
    targets_for = targets_of(scope, reward.units, reward.pick)
    value_at = stepped(reward.value_minor, reward.steps, scopes.number(reward.count_in) if reward.count_in else scope)
    basis, each_line = reward.basis, reward.spread is Spread.LINE

    def give(turn: Turn) -> Give:
        targets = targets_for(turn)
        value = value_at(turn.basket) * turn.times
        if not each_line:
            return Give(_once(turn, value, targets, basis))
        takes: list[Take] = []
        for line in dict.fromkeys(lot.line for lot, _, _ in targets):
            takes += off(turn.basket, value, [each for each in targets if each[0].line == line], basis)
        return Give(takes)

    return give


def _once(turn: Turn, value: int, targets: list[Take], basis: Basis | None) -> list[Take]:
    """An amount off all targets; where lines are to be left for later offers, off the others first."""
    if turn.later is None:
        return off(turn.basket, value, targets, basis)
    others = off(turn.basket, value, [each for each in targets if each[0].line not in turn.later], basis)
    gone = sum(amount for _, _, amount in others)
    if _basis(turn.basket, basis) is Basis.EXCLUDING:
        gone = _net(turn.basket, others)
    rest = [each for each in targets if each[0].line in turn.later]
    return by_line(others + off(turn.basket, value - gone, rest, basis))


def _per_unit(reward: Amount, scopes: Scopes) -> Reward:
    """An amount off each unit in full groups, at most so many of a line, another one off the first of a line."""
    scope = scopes.number(reward.on or EVERYTHING)
    value_at = stepped(reward.value_minor, reward.steps, scopes.number(reward.count_in) if reward.count_in else scope)
    dearest, size = reward.pick is Pick.DEAREST, reward.group_size
    basis, first, of_line, most = reward.basis, reward.first_minor, reward.units_per_line, reward.units

    def give(turn: Turn) -> Give:
        lots = turn.lots(scope)
        count = sum(lot.count for lot in lots) // size * size
        if most is not None:
            count = min(count, most * turn.times)
        ordered = in_order(turn.basket, lots, dearest=dearest)
        value = value_at(turn.basket) * (turn.times if most is None else 1)
        first_value = None if first is None else first * turn.times
        takes: list[Take] = []
        had: dict[int, int] = {}
        for lot, units, _ in first_units(ordered, count):
            seen = had.get(lot.line, 0)
            taken = units if of_line is None else min(units, of_line - seen)
            had[lot.line] = seen + taken
            if taken <= 0:
                continue
            left = lot.part(taken)
            if first_value is not None and not seen:
                # By itself: what is too much for the others isn't taken from it.
                gross = _value_of(turn.basket, lot, first_value, 1, basis)
                takes.append((lot, 1, min(gross, lot.part(1))))
                taken, left = taken - 1, left - lot.part(1)
            if taken:
                takes.append((lot, taken, min(_value_of(turn.basket, lot, value, taken, basis), left)))
        return Give(by_line(takes), units_used=sum(units for _, units, _ in takes))

    return give


def _value_of(basket: Basket, lot: Lot, value: int, units: int, basis: Basis | None) -> int:
    """An amount per unit for so many units (of a weighed line: for its quantity), with tax."""
    if units == 1 and basket.pieces[lot.line] == 1:
        value = round_div(value * basket.size(lot.line), 1000, Rounding.HALF_UP)
    if _basis(basket, basis) is Basis.EXCLUDING:
        rate = basket.lines[lot.line].vat_bp
        return round_div(value * units * (BP + rate), BP, Rounding.HALF_UP)
    return value * units


def fixed_price(reward: FixedPrice, scopes: Scopes) -> Reward:
    """Each unit costs so much at most."""
    scope = scopes.number(reward.on or EVERYTHING)
    targets_for = targets_of(scope, reward.units, reward.pick, measured=reward.measured)
    price_at = stepped(reward.price_minor, reward.steps, scope)

    def give(turn: Turn) -> Give:
        basket = turn.basket
        price = price_at(basket)
        takes: list[Take] = []
        for lot, units, left in targets_for(turn):
            cost = _value_of(basket, lot, price, units, Basis.INCLUDING)
            if reward.measured and units == lot.count == 1 and left < lot.left:
                cost = round_div(cost * left, lot.left, Rounding.HALF_UP)  # a part of what was measured
            if left > cost:
                takes.append((lot, units, left - cost))
        return Give(takes)

    return give
