"""Which offers never win, because another one of the very same scope and conditions always gives more."""

from collections.abc import Iterable
from operator import attrgetter

from erp_club.promotions.engine.conditions import All, AmountIs
from erp_club.promotions.engine.offer import Mode, Per, Start
from erp_club.promotions.engine.priced import Reason, Refusal
from erp_club.promotions.engine.ready import Ready
from erp_club.promotions.engine.rewards import Amount, Bundle, BuyGet, FixedPrice, Percent
from erp_club.promotions.engine.scope import MOST_MINOR

_BY_CODE = attrgetter("code")
Ranked = tuple[int, int, str, Ready]
"""Who comes first where offers are alike: by how much must be reached, then by how little it leaves, then by code."""


def behind_better_ones(offers: Iterable[Ready]) -> list[Ready]:
    """The offers that can win, each with those behind it that it beats whenever it holds; by code, as they came."""
    alike: dict[object, list[Ranked]] = {}
    for each in offers:
        key, least, value = _compared(each) or (each.code, 0, 0)
        alike.setdefault(key, []).append((least, -value, each.code, each))
    kept: list[Ready] = []
    for group in alike.values():
        if len(group) == 1:
            kept.append(group[0][-1])
        else:
            kept += _front(group)
    return sorted(kept, key=_BY_CODE)


def _compared(ready: Ready) -> tuple[object, int, int] | None:
    """What two offers must share for their values to decide, how much must be reached, and the value.

    None for one that is compared with none.
    """
    offer = ready.offer
    combination = offer.combination
    if combination.mode is not Mode.EXCLUSIVE or combination.per is not Per.UNIT or len(offer.rewards) > 1:
        return None
    if ready.start is not Start.AUTO or ready.points or ready.club is not None or ready.limits is not None:
        return None
    reward = _by_value(ready)
    if reward is None:
        return None
    asked, least = _by_least(ready)
    shared = (ready.group, ready.priority, combination.used, offer.first_day, offer.last_day, reward[0], asked)
    return shared, least, reward[1]


def _by_value(ready: Ready) -> tuple[tuple[object, ...], int] | None:
    """The reward but for its value, and that: the larger, the more it gives.

    None for one that leaves units over, which a lesser one may have, and for one that no single value compares: that
    gives only so much, to so many units, or by quantity.
    """
    reward = ready.offer.rewards[0]
    scopes = ready.parts[0].scopes if ready.parts else ()
    if type(reward) is Percent:
        limited = reward.units or reward.steps or reward.cap_minor is not None or reward.base_cap_minor is not None
        return None if limited else (("percent", scopes), reward.value_bp)
    if type(reward) is BuyGet:
        shape = ("buy_get", scopes, reward.size, reward.free, reward.freed)
        return None if reward.applications is not None else (shape, reward.off_bp)
    if type(reward) is Bundle:
        if reward.applications is not None or reward.price_minor is None or len(reward.slots) > len(scopes):
            return None
        shape = ("bundle", scopes, tuple([slot.quantity for slot in reward.slots]), reward.pick)
        return shape, MOST_MINOR - reward.price_minor
    if type(reward) is FixedPrice:
        limited = reward.units or reward.steps
        return None if limited else (("fixed_price", scopes), MOST_MINOR - reward.price_minor)
    if type(reward) is Amount:
        if reward.units or reward.steps or reward.first_minor or reward.cap_minor is not None:
            return None
        spread = (reward.spread, reward.basis, reward.group_size, reward.units_per_line, reward.pick)
        return ("amount", scopes, *spread), reward.value_minor
    return None


def _by_least(ready: Ready) -> tuple[object, int]:
    """The condition but for how much must be reached, where that is all there is to it, and that."""
    when = ready.offer.when
    if type(when) is All and not when.all:
        return None, 0
    condition = when.all[0] if type(when) is All and len(when.all) == 1 else when
    if type(condition) is AmountIs and not condition.every:
        return (ready.asked, condition.basis), condition.amount_minor
    return repr(when), 0


def _front(group: list[Ranked]) -> list[Ready]:
    """Those that give the most for what must be reached; each other one behind the first that beats it."""
    front: list[tuple[int, Ready]] = []
    for _, value, _, each in sorted(group):
        better = next((kept for most, kept in front if most <= value), None)
        if better is None:
            front.append((value, each))
        else:
            better.behind.append(each)
    for _, each in front:
        each.behind.sort(key=_BY_CODE)
        each.beaten = tuple([Refusal(other.code, Reason.BEATEN, None, each.code) for other in each.behind])
    return [each for _, each in front]
