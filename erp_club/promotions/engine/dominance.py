"""Which offers never win, because another one of the very same scope and conditions always gives more."""

from collections.abc import Iterable

from erp_club.promotions.engine.conditions import All, AmountIs
from erp_club.promotions.engine.offer import Activation, Limits, Mode, Per
from erp_club.promotions.engine.priced import Reason, Refusal
from erp_club.promotions.engine.ready import Ready
from erp_club.promotions.engine.rewards import Amount, Bundle, BuyGet, FixedPrice, Percent, Reward
from erp_club.promotions.engine.scope import MOST_MINOR

_PLAIN = (Activation(), Limits())


def behind_better_ones(offers: Iterable[Ready]) -> list[Ready]:
    """The offers that can win, each with those behind it that it beats whenever it holds; by code, as they came."""
    alike: dict[object, list[Ready]] = {}
    for each in offers:
        key = _sameness(each)
        alike.setdefault(each.code if key is None else key, []).append(each)
    kept: list[Ready] = []
    for group in alike.values():
        kept += group if len(group) == 1 else _front(group)
    for each in kept:
        each.behind.sort(key=lambda ready: ready.code)
        each.beaten = tuple(Refusal(other.code, Reason.BEATEN, None, each.code) for other in each.behind)
    return sorted(kept, key=lambda each: each.code)


def _sameness(ready: Ready) -> object | None:
    """What two offers must share for their values to decide; None for one that is compared with none."""
    offer = ready.offer
    combination = offer.combination
    if combination.mode is not Mode.EXCLUSIVE or combination.per is not Per.UNIT or len(offer.rewards) > 1:
        return None
    if (offer.activation, offer.limits) != _PLAIN:
        return None
    reward = _without_value(ready)
    if reward is None:
        return None
    conditions = _without_least(ready)
    return (ready.group, ready.priority, combination.used, offer.first_day, offer.last_day, reward, conditions)


def _without_value(ready: Ready) -> tuple[object, ...] | None:
    """The reward but for what it gives; None for one that leaves units over, which a lesser one may have."""
    reward = ready.offer.rewards[0]
    scopes = ready.parts[0].scopes if ready.parts else ()
    if _limited(reward):
        return None
    if isinstance(reward, Percent):
        return ("percent", scopes)
    if isinstance(reward, FixedPrice):
        return ("fixed_price", scopes)
    if isinstance(reward, Amount) and not reward.first_minor:
        return ("amount", scopes, reward.spread, reward.basis, reward.group_size, reward.units_per_line, reward.pick)
    if isinstance(reward, BuyGet):
        return ("buy_get", scopes, reward.size, reward.free, reward.freed)
    if isinstance(reward, Bundle) and reward.price_minor is not None:
        return ("bundle", scopes, tuple(slot.quantity for slot in reward.slots), reward.pick)
    return None


def _limited(reward: Reward) -> bool:
    """Whether it gives only so much, to so many units, or by quantity, which no single value compares."""
    match reward:
        case Percent():
            return bool(reward.units or reward.steps) or (reward.cap_minor, reward.base_cap_minor) != (None, None)
        case FixedPrice() | Amount():
            return bool(reward.units or reward.steps)
        case BuyGet() | Bundle():
            return reward.applications is not None
        case _:
            return False


def _without_least(ready: Ready) -> object:
    """The condition but for how much must be reached, where that is all there is to it."""
    when = ready.offer.when
    condition = when.all[0] if isinstance(when, All) and len(when.all) == 1 else when
    if isinstance(condition, AmountIs) and not condition.every:
        return ("amount", condition.of, condition.basis)
    return ("none",) if isinstance(when, All) and not when.all else repr(when)


def _least(ready: Ready) -> int:
    """How much must be reached."""
    when = ready.offer.when
    condition = when.all[0] if isinstance(when, All) and len(when.all) == 1 else when
    return condition.amount_minor if isinstance(condition, AmountIs) and not condition.every else 0


def _value(ready: Ready) -> int:
    """The larger, the more it gives."""
    reward = ready.offer.rewards[0]
    match reward:
        case Percent():
            return reward.value_bp
        case Amount():
            return reward.value_minor
        case BuyGet():
            return reward.off_bp
        case FixedPrice():
            return MOST_MINOR - reward.price_minor
        case Bundle():
            return MOST_MINOR - (reward.price_minor or 0)
        case _:
            raise TypeError("this kind isn't compared")


def _front(group: list[Ready]) -> list[Ready]:
    """Those that give the most for what must be reached; each other one behind the first that beats it."""
    front: list[Ready] = []
    for each in sorted(group, key=lambda ready: (_least(ready), -_value(ready), ready.code)):
        better = next((kept for kept in front if _value(kept) >= _value(each)), None)
        if better is None:
            front.append(each)
        else:
            better.behind.append(each)
    return front
