"""Rewards beside a discount on goods: gifts, free delivery, coupons for the next purchase, and draws."""

import hashlib
from collections.abc import Sequence

from erp_club.kernel.money import round_div
from erp_club.promotions.engine.basket import BP, Basket
from erp_club.promotions.engine.give import Give, Reward, Take, Turn, first_units, in_order, shared
from erp_club.promotions.engine.priced import Reason
from erp_club.promotions.engine.rewards import Delivery, FreeDelivery, Gift, NextCoupon, Prize, Surprise
from erp_club.promotions.engine.scope import EVERYTHING, Scope
from erp_club.promotions.engine.scopes import Counted, Scopes


def gift(reward: Gift, scopes: Scopes) -> Reward:
    """Free units of one product: of the only one, or of the one that was chosen; until then it stays open.

    Where a gift may be a unit that was scanned, and only one of the products was, it is that one.
    """
    products, quantity = reward.products, reward.quantity
    in_basket = {product: scopes.number(Scope(products=(product,))) for product in products}
    either = reward.delivery is Delivery.EITHER

    def is_there(turn: Turn, product: str) -> bool:
        return any(lot.count for lot in turn.lots(in_basket[product]))

    def add(turn: Turn, product: str) -> Give:
        if product in turn.basket.facts.missing:
            return Give(failure=(Reason.GIFT_MISSING, None))
        units = quantity * turn.times
        return Give(times=turn.times, free_units=units, gifts=[(product, units)])

    def give(turn: Turn) -> Give:
        chosen = turn.claim.product if turn.claim is not None else None
        if chosen is not None and chosen not in in_basket:
            return Give(failure=(Reason.PRODUCT_NOT_IN_CHOICE, None))
        if chosen is None:
            there = [each for each in products if is_there(turn, each)] if either else []
            if len(products) > 1 and len(there) != 1:
                return Give(choices=products)
            chosen = next(iter(there or products))
        if reward.delivery is Delivery.ADDED:
            return add(turn, chosen)
        freed = _freed(turn, in_basket[chosen], quantity)
        return add(turn, chosen) if either and freed.failure is not None else freed

    return give


def _freed(turn: Turn, scope: int, quantity: int) -> Give:
    """Units in the basket, none of those that fulfil the condition."""
    basket = turn.basket
    lots = in_order(basket, turn.lots(scope), dearest=False)
    there = sum(lot.count for lot in lots)
    for times in range(min(turn.times, -(-there // quantity)), 0, -1):
        spare = _spare(basket, scope, turn.needed, times)
        units = min(times * quantity, there if spare is None else min(there, spare))
        if units > (times - 1) * quantity:
            return Give(first_units(lots, units), times, free_units=units)
    if not there:
        return Give(failure=(Reason.NO_GAIN, None))
    return Give(failure=(Reason.MIN_QUANTITY, 1))


def _spare(basket: Basket, scope: int, needed: Sequence[Counted], times: int) -> int | None:
    """How many units the conditions, fulfilled so often, leave of those that they count; None for all."""
    lines = set(basket.by_scope.get(scope, ()))
    spare = [
        basket.count(each.scope) - each.for_times(times)
        for each in needed
        if lines.intersection(basket.by_scope.get(each.scope, ()))
    ]
    return max(0, min(spare)) if spare else None


def free_delivery(reward: FreeDelivery, scopes: Scopes) -> Reward:
    """Delivery for nothing."""
    scope, cap = scopes.number(Scope(kinds=("delivery",))), reward.cap_minor

    def give(turn: Turn) -> Give:
        targets = [(lot, lot.count, lot.left) for lot in turn.lots(scope)]
        cost = sum(left for _, _, left in targets)
        return Give(shared(cost if cap is None else min(cost, cap), targets))

    return give


def next_coupon(reward: NextCoupon, _scopes: Scopes) -> Reward:
    """Coupons of a batch."""
    return lambda turn: Give(times=turn.times, coupons=reward.count * turn.times, batch=reward.batch)


def surprise(reward: Surprise, scopes: Scopes) -> Reward:
    """What this sale draws: the same however often it is priced."""
    scope = scopes.number(EVERYTHING)

    def give(turn: Turn) -> Give:
        prize = drawn(reward, turn.basket.facts.sale_id, turn.code)
        if prize is None:
            return Give()
        if prize.product is not None:
            if prize.product in turn.basket.facts.missing:
                return Give(failure=(Reason.GIFT_MISSING, None))
            return Give(free_units=1, gifts=[(prize.product, 1)])
        targets: list[Take] = [(lot, lot.count, lot.left) for lot in turn.lots(scope)]
        whole = sum(left for _, _, left in targets)
        amount = prize.off_minor
        if amount is None:
            amount = round_div(whole * (prize.off_bp or 0), BP, turn.basket.facts.policy.rounding)
        return Give(shared(min(amount, whole), targets))

    return give


def drawn(reward: Surprise, sale_id: str, code: str) -> Prize | None:
    """The prize that a sale draws of an offer, by weight; None for none."""
    weights = sum(prize.weight for prize in reward.prizes)
    ticket = int.from_bytes(hashlib.sha256(f"{code}\n{sale_id}".encode()).digest()[:16])
    ticket %= weights + reward.nothing_weight
    for prize in reward.prizes:
        ticket -= prize.weight
        if ticket < 0:
            return prize
    return None
