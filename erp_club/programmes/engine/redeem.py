"""How many points a purchase can take, and what they pay. Pure."""

from dataclasses import dataclass, field

from erp_club.programmes.engine.conditions import Why, missed
from erp_club.programmes.engine.facts import MemberFacts, Purchase
from erp_club.programmes.engine.lines import in_scope, passed_over
from erp_club.programmes.engine.places import Doing, Where, works
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.spending import Benefit, Charity, Redemption


@dataclass(frozen=True, slots=True)
class Purse:
    """What the member has: points that can be used, and how many were used before on this visit and day."""

    points: int
    used_visit: int = 0
    used_day: int = 0


@dataclass(frozen=True, slots=True)
class Redeemable:
    """The most points that the purchase takes, and what they pay; `limit` names what keeps it from being more.

    `why` says why it takes none.
    """

    points: int
    pays_minor: int
    limit: str = ""
    why: Why | None = None
    lines: tuple[str, ...] = field(default_factory=tuple[str, ...])


def benefit_missed(
    programme: Programme, benefit: Benefit, at: Purchase, member: MemberFacts, purse: Purse, *, times: int
) -> Why | None:
    """Why points can't be given for a benefit now; None where they can.

    `at` is the moment and place, without lines; `times` how often the member has had it in this calendar year.
    """
    why = _shut(programme, at) or missed(benefit.when, at, member)
    if why is not None:
        return why
    if benefit.levels and member.level not in benefit.levels:
        return Why.WRONG_LEVEL
    if benefit.most_per_year is not None and times >= benefit.most_per_year:
        return Why.USED_UP
    return Why.BALANCE_TOO_LOW if purse.points < benefit.points else None


def charity_missed(programme: Programme, charity: Charity, points: int, at: Purchase, purse: Purse) -> Why | None:
    """Why so many points can't be given to the charity now; None where they can."""
    why = _shut(programme, at)
    if why is not None:
        return why
    if points < charity.least_points:
        return Why.TOO_LITTLE
    if points % charity.step:
        return Why.NOT_FULL
    return Why.BALANCE_TOO_LOW if purse.points < points else None


def _shut(programme: Programme, at: Purchase) -> Why | None:
    last = programme.switch.last_redeeming_day
    if last is not None and at.on > last:
        return Why.REDEEMING_ENDED
    where = Where(at.channel, at.store) if at.store else None  # at head office it is asked whether anywhere
    return None if works(programme.channels, Doing.REDEEMING, where) else Why.WRONG_CHANNEL


def redeemable(programme: Programme, purchase: Purchase, member: MemberFacts, purse: Purse) -> Redeemable:
    """The most that can be redeemed in this purchase."""
    rule = programme.redemption
    last = programme.switch.last_redeeming_day
    if rule is None or (last is not None and purchase.on > last):
        return Redeemable(0, 0, why=Why.REDEEMING_ENDED)
    if not works(programme.channels, Doing.REDEEMING, Where(purchase.channel, purchase.store)):
        return Redeemable(0, 0, why=Why.WRONG_CHANNEL)
    why = missed(rule.when, purchase, member)
    if why is not None:
        return Redeemable(0, 0, why=why)
    lines = [
        line
        for line in purchase.lines
        if in_scope(rule.on, line)
        and not passed_over(rule.excluded, line)
        and not passed_over(programme.excluded, line)
    ]
    if rule.least_purchase_minor is not None and purchase.total_minor < rule.least_purchase_minor:
        return Redeemable(0, 0, why=Why.TOO_LITTLE)
    if purse.points < max(rule.least_balance, 1):
        return Redeemable(0, 0, why=Why.BALANCE_TOO_LOW)
    goods = sum(max(0, line.paid_minor) for line in lines)
    if goods == 0:
        return Redeemable(0, 0, why=Why.NO_SUCH_LINE if not lines else Why.TOO_LITTLE)
    limits = _limits(rule, purse, goods)
    limit = min(limits, key=lambda each: limits[each])
    points = max(0, limits[limit]) // rule.step * rule.step
    if rule.whole_items:
        points = _whole_items(rule, points, [max(0, line.paid_minor) for line in lines])
    if points < max(rule.least_points, 1):
        used_up = limit in {"day", "visit"} and limits[limit] <= 0
        return Redeemable(0, 0, limit, Why.USED_UP if used_up else Why.BALANCE_TOO_LOW)
    ids = tuple(line.id for line in lines)
    return Redeemable(points, min(goods, points * rule.worth_minor // rule.worth_points), limit, lines=ids)


def _limits(rule: Redemption, purse: Purse, goods: int) -> dict[str, int]:
    """Every ceiling, in points."""

    def points_for(minor: int) -> int:
        return minor * rule.worth_points // rule.worth_minor

    limits = {"balance": purse.points, "purchase": points_for(goods)}
    if rule.most_bp < 10_000:
        limits["share"] = points_for(goods * rule.most_bp // 10_000)
    if rule.most_points is not None:
        limits["receipt"] = rule.most_points
    if rule.most_minor is not None:
        limits["amount"] = points_for(rule.most_minor)
    if rule.most_points_visit is not None:
        limits["visit"] = rule.most_points_visit - purse.used_visit
    if rule.most_points_day is not None:
        limits["day"] = rule.most_points_day - purse.used_day
    return limits


def _whole_items(rule: Redemption, points: int, amounts: list[int]) -> int:
    """Whole lines only, the dearest first: the points that pay exactly those that fit."""
    left, spent = points * rule.worth_minor // rule.worth_points, 0
    for amount in sorted(amounts, reverse=True):
        if 0 < amount <= left:
            left -= amount
            spent += amount
    return -(-spent * rule.worth_points // rule.worth_minor)


def worth_minor(rule: Redemption, points: int) -> int:
    """What points are worth, rounded down."""
    return max(0, points) * rule.worth_minor // rule.worth_points
