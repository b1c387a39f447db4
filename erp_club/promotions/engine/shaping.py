"""The shape in which an exclusive offer competes for units, where the search for the best assignment knows one.

Made once when offers are compiled; per basket only the units are filled in. An offer without a shape (several rewards,
a cap without tax, steps on each line …) is worked out alone and competes as one lump on all its units.
"""

from collections.abc import Callable, Sequence

from erp_club.kernel.money import Rounding, round_div
from erp_club.promotions.engine.basket import BP, Basket
from erp_club.promotions.engine.facts import Policy, StackBase
from erp_club.promotions.engine.gates import Failure
from erp_club.promotions.engine.priced import Reason, made
from erp_club.promotions.engine.rewards import Amount, BuyGet, FixedPrice, Percent, Reward, Spread
from erp_club.promotions.engine.rewards import Bundle as BundleOf
from erp_club.promotions.engine.scope import EVERYTHING, Basis, Pick, Scope
from erp_club.promotions.engine.scopes import Scopes
from erp_club.promotions.engine.shares import stepped
from erp_club.promotions.engine.solve import Bundle, Buy, Lump, Off, PerUnit, Stack
from erp_club.promotions.engine.solve.shapes import Shape

On = Callable[[int], tuple[int, ...]]
"""The stacks of a scope in this basket."""
Shaping = Callable[[Basket, On, int, int | None], Shape | None]
"""Given the basket, how often the condition holds and the most applications: the shape, or None where it has none."""


def usual(policy: Policy) -> bool:
    """Whether the chain's rules are those that shapes know."""
    return (
        policy.amounts_basis is Basis.INCLUDING
        and policy.stack_base is StackBase.REMAINING
        and policy.rounding is Rounding.HALF_UP
    )


def shaping_of(rewards: Sequence[Reward], scopes: Scopes) -> Shaping | None:
    """How an offer with these rewards takes its shape."""
    if len(rewards) != 1:
        return None
    reward = rewards[0]
    if type(reward) is Percent:
        return _percent(reward, scopes) if reward.cap_basis is not Basis.EXCLUDING else None
    if type(reward) is Amount:
        return _amount(reward, scopes) if reward.basis is not Basis.EXCLUDING else None
    if type(reward) is FixedPrice:
        return _fixed_price(reward, scopes)
    if type(reward) is BuyGet:
        return _buy(reward, scopes)
    return bundle_shaping(reward, scopes) if type(reward) is BundleOf else None


def hopeless(shape: Shape, stacks: Sequence[Stack]) -> Failure | None:
    """Why a set can't be had whatever the others do: too few units, or none that come to more than its price."""
    if isinstance(shape, Buy):
        missing = shape.size - sum([stacks[i].units for i in shape.on])
        return (Reason.MIN_QUANTITY, missing) if missing > 0 else None
    if not isinstance(shape, Bundle) or len(shape.slots) > 1:
        return None
    on, missing = next(iter(shape.slots))
    cost = 0
    for each, there in sorted([(stacks[i].cost_minor, stacks[i].units) for i in on], reverse=True):
        units = min(there, missing)
        cost, missing = cost + units * each, missing - units
        if not missing:
            break
    if missing:
        return Reason.MIN_QUANTITY, missing
    return (Reason.NO_GAIN, None) if cost <= (shape.value if shape.off is Off.PRICE else 0) else None


def share_units(slots: Sequence[tuple[Sequence[int], int]]) -> bool:
    """Whether a unit could go into more than one of these slots."""
    return len({stack for on, _ in slots for stack in on}) < sum([len(on) for on, _ in slots])


def lacks_a_slot(shape: Shape, stacks: Sequence[Stack]) -> bool:
    """Whether there are too few units for one of several slots."""
    if not isinstance(shape, Bundle) or len(shape.slots) < 2:
        return False
    return any(sum([stacks[i].units for i in on]) < quantity for on, quantity in shape.slots)


def _number(on: Scope | None, scopes: Scopes) -> int:
    return scopes.number(on or EVERYTHING)


def _times(units: int | None, times: int) -> int | None:
    return None if units is None else units * times


def _least(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)


def _percent(reward: Percent, scopes: Scopes) -> Shaping:
    scope = _number(reward.on, scopes)
    rate_at = stepped(reward.value_bp, reward.steps, _number(reward.count_in or reward.on, scopes))
    units, pick, most_off, base = reward.units, reward.pick, reward.cap_minor, reward.base_cap_minor

    def shape(basket: Basket, on: On, times: int, _most: int | None) -> Shape | None:
        if reward.measured and _measured(basket, scope):
            return None
        rate = min(rate_at(basket), BP)
        cap = most_off if base is None else _least(most_off, round_div(base * rate, BP, Rounding.HALF_UP))
        most = None if units is None else units * times
        return made(PerUnit, (on(scope), Off.SHARE, rate, most, pick, cap, 1, 0))

    return shape


def _amount(reward: Amount, scopes: Scopes) -> Shaping | None:
    scope = _number(reward.on, scopes)
    value_at = stepped(reward.value_minor, reward.steps, _number(reward.count_in or reward.on, scopes))
    cap = reward.cap_minor
    if reward.spread is Spread.ONCE and reward.units is None:
        if cap is not None:
            return lambda basket, on, times, _most: made(Lump, (on(scope), min(value_at(basket) * times, cap)))
        return lambda basket, on, times, _most: made(Lump, (on(scope), value_at(basket) * times))
    if reward.spread is not Spread.UNIT or reward.first_minor is not None or reward.units_per_line is not None:
        return None
    if reward.group_size > 1 and reward.units is not None:
        # Full groups are counted over the whole scope, of which only so many units have something off.
        return None

    def shape(basket: Basket, on: On, times: int, _most: int | None) -> Shape:
        value = value_at(basket) * (times if reward.units is None else 1)
        most = _times(reward.units, times)
        return PerUnit(on(scope), Off.AMOUNT, value, most, reward.pick, cap, reward.group_size)

    return shape


def _measured(basket: Basket, scope: int) -> bool:
    """Whether a line is weighed or measured."""
    return any(basket.lines[i].quantity_milli % 1000 for i in basket.by_scope.get(scope, ()))


def unit_by_unit(shape: Shape) -> bool:
    """Whether what it takes off one unit doesn't hang on another."""
    return isinstance(shape, PerUnit) and shape.most is shape.cap_minor is None and (shape.group, shape.least) == (1, 0)


def _fixed_price(reward: FixedPrice, scopes: Scopes) -> Shaping:
    scope = _number(reward.on, scopes)
    price_at = stepped(reward.price_minor, reward.steps, scope)

    def shape(basket: Basket, on: On, times: int, _most: int | None) -> Shape:
        return PerUnit(on(scope), Off.PRICE, price_at(basket), _times(reward.units, times), reward.pick)

    return shape


def _buy(reward: BuyGet, scopes: Scopes) -> Shaping:
    scope = _number(reward.on, scopes)

    own, terms = reward.applications, (reward.size, reward.free, reward.off_bp, reward.freed)

    def shape(_basket: Basket, on: On, times: int, most: int | None) -> Shape:
        return made(Buy, (on(scope), *terms, most if own is None else _least(own * times, most)))

    return shape


def bundle_shaping(reward: BundleOf, scopes: Scopes) -> Shaping:
    """The shape of a bundle; none where it takes the cheapest and one unit could go into several slots."""
    slots = tuple((_number(slot.on, scopes), slot.quantity) for slot in reward.slots)
    if reward.price_minor is not None:
        off, value = Off.PRICE, reward.price_minor
    elif reward.off_bp is not None:
        off, value = Off.SHARE, reward.off_bp
    else:
        off, value = Off.AMOUNT, reward.off_minor or 0

    own, pick, one_slot = reward.applications, reward.pick, len(slots) == 1

    def shape(_basket: Basket, on: On, times: int, most: int | None) -> Shape | None:
        filled = tuple([(on(scope), quantity) for scope, quantity in slots])
        if pick is Pick.CHEAPEST and not one_slot and share_units(filled):
            # The search would pass over cheap units, where others in another slot save more.
            return None
        return made(Bundle, (filled, off, value, pick, most if own is None else _least(own * times, most)))

    return shape
