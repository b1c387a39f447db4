"""What a club's rules say of points that pay, as the pricing engine asks it. Pure."""

import datetime as dt
from dataclasses import replace

from erp_club.points.rules import Redemption
from erp_club.programmes.documents import programme_of
from erp_club.programmes.engine.membership import Redeems
from erp_club.programmes.engine.places import Doing, Where, works
from erp_club.programmes.engine.programme import Programme
from erp_club.promotions.engine.facts import NO_LIMITS, PointsLimits
from erp_club.purchases.quotes.told import HeldMembership

CLOSED = PointsLimits(closed=True)
NOT_THEIRS = PointsLimits(not_theirs=True)


def may_use(held: HeldMembership) -> bool:
    """Whether this member uses the points of the account: their own, or as the club lets a household."""
    programme = programme_of(held.earning.rules_document)
    if held.named is None or programme is None or programme.household is None:
        return True
    redeems = programme.household.redeems
    return redeems is Redeems.ALL or (redeems is Redeems.NAMED and held.named)


def does(held: HeldMembership, doing: Doing, where: Where) -> bool:
    """Whether the club of a membership does that there; one without a programme does all of it everywhere."""
    programme = programme_of(held.earning.rules_document)
    return programme is None or works(programme.channels, doing, where)


def limits_of(held: HeldMembership, *, where: Where, on: dt.date) -> PointsLimits:
    """How points of this membership may pay there on the store's day.

    A club whose points are worth nothing by themselves leaves it to the offers that take them.
    """
    programme = programme_of(held.earning.rules_document)
    if not may_use(held):
        return NOT_THEIRS
    if programme is not None:
        last = programme.switch.last_redeeming_day
        if not does(held, Doing.REDEEMING, where) or (last is not None and on > last):
            return CLOSED
    redemption = held.earning.rules.redemption
    if redemption is None:
        return CLOSED if held.earning.worth_minor else NO_LIMITS
    limits = _limits(redemption, held.used_today)
    return limits if programme is None or programme.redemption is None else _without(limits, programme)


def _without(limits: PointsLimits, programme: Programme) -> PointsLimits:
    """The limits with what points don't pay by the way that it is sold."""
    rule = programme.redemption
    said = [programme.excluded, *([] if rule is None else [rule.excluded])]
    lists = frozenset(code for each in said for code in each.price_lists)
    return replace(limits, promoted=not any(each.promoted for each in said), without_price_lists=lists)


def _limits(said: Redemption, used_today: int) -> PointsLimits:
    ceiling = said.max_points_a_day
    return PointsLimits(
        least_balance=said.min_balance,
        least=said.min_points,
        step=said.step,
        most=said.max_points,
        left_today=None if ceiling is None else max(0, ceiling - used_today),
        most_bp=said.max_share_bp,
        whole_items=said.whole_items,
        reduced=said.reduced,
        taxed=said.taxed,
        without_groups=said.excluded_groups,
        without_products=said.excluded_skus,
    )
