"""What points could pay in a basket: the most, what that takes off, and what is missing for any. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from math import lcm

from erp_club.kernel.errors import Conflict
from erp_club.points import errors
from erp_club.points.units import POINTS, Unit
from erp_club.promotions.engine.facts import NO_LIMITS, Claim, PointsLimits
from erp_club.promotions.engine.price import price
from erp_club.promotions.engine.priced import Priced, Reason
from erp_club.promotions.engine.rewards import Redeem
from erp_club.purchases.asked import Gathered, takes_points


class Ceiling(StrEnum):
    """What keeps a sale from taking more points."""

    BALANCE = "balance"
    DAY = "day"
    PURCHASE = "purchase"
    WHOLE_ITEMS = "whole_items"
    SHARE = "share"
    BASKET = "basket"


@dataclass(frozen=True, slots=True)
class Redeemable:
    """An offer by which points of a club pay: `most_points` would take `most_minor` off this basket.

    They are used in whole `step`s, `least` at once. `used` are those that the basket uses already; `missing` is how
    many more the customer would need, where none can be used, and `reason` why none can. `ceiling`: what keeps it from
    being more.
    """

    offer: str
    names: dict[str, str]
    club: str
    unit: Unit
    available: int
    most_points: int
    most_minor: int
    worth_points: int
    worth_minor: int
    step: int
    least: int
    used: int = 0
    missing: int | None = None
    ceiling: Ceiling | None = None
    reason: Reason | None = None


def redeemable(gathered: Gathered) -> tuple[Redeemable, ...]:
    """Every offer by which the customer's points could pay, by its code; each is priced as if all were to be used."""
    if not gathered.memberships:
        return ()
    return tuple(_redeemable(gathered))


def _redeemable(gathered: Gathered) -> Iterator[Redeemable]:
    for ready in gathered.compiled.redeeming:
        reward = next((each for each in ready.offer.rewards if isinstance(each, Redeem)), None)
        if reward is None or not takes_points(ready, None):
            continue
        code = ready.code
        only = next(iter(gathered.memberships)) if len(gathered.memberships) == 1 else None
        held = gathered.memberships.get(reward.club or only or "")
        if held is None:
            continue
        claims = tuple(each for each in gathered.facts.claims if each.offer != code)
        chosen = next((each for each in gathered.facts.claims if each.offer == code), None)
        facts = replace(gathered.facts, claims=(*claims, Claim(code)))
        priced = price(facts, gathered.compiled)
        applied = next((each for each in priced.applied if each.offer == code), None)
        refused = next((each for each in priced.refused if each.offer == code), None)
        short = refused is not None and refused.reason in {Reason.NOT_ENOUGH_POINTS, Reason.POINTS_BALANCE}
        terms = _terms(reward, gathered.facts.shopper.clubs[held.club].paying if gathered.facts.shopper else NO_LIMITS)
        yield Redeemable(
            offer=code,
            names={str(language): text for language, text in ready.offer.names.items()},
            club=held.club,
            unit=held.earning.unit,
            available=held.available,
            most_points=applied.points_used if applied else 0,
            most_minor=applied.amount_minor if applied else 0,
            worth_points=reward.worth_points,
            worth_minor=reward.worth_minor,
            step=terms.step,
            least=max(terms.least, terms.step),
            used=(chosen.points or 0) if chosen else 0,
            missing=refused.missing if refused and short else None,
            ceiling=_ceiling(terms, applied.points_used, held.available) if applied else None,
            reason=refused.reason if refused else None,
        )


def _terms(reward: Redeem, club: PointsLimits) -> PointsLimits:
    """What offer and club say together."""
    return replace(
        club,
        step=lcm(reward.block, club.step),
        least=max(reward.least, club.least),
        most_bp=min(reward.most_bp, club.most_bp),
    )


def _ceiling(terms: PointsLimits, used: int, available: int | None) -> Ceiling:
    """What keeps a sale that uses so many points from using another step."""
    if available is not None and available - used < terms.step:
        return Ceiling.BALANCE
    if terms.left_today is not None and terms.left_today - used < terms.step:
        return Ceiling.DAY
    if terms.most is not None and terms.most - used < terms.step:
        return Ceiling.PURCHASE
    if terms.whole_items:
        return Ceiling.WHOLE_ITEMS
    return Ceiling.SHARE if terms.most_bp < NO_LIMITS.most_bp else Ceiling.BASKET


@dataclass(frozen=True, slots=True)
class PointsWanted:
    """So many points that are to pay by an offer (None: as many as can), under what this and the club say."""

    offer: str
    points: int | None
    available: int
    terms: PointsLimits = NO_LIMITS
    unit: Unit = POINTS


def points_wanted(gathered: Gathered) -> tuple[PointsWanted, ...]:
    """The points that are to pay for this basket, by the offers that were chosen for it."""
    if not any(gathered.compiled.by_code[each.offer].redeems for each in _known(gathered)):
        return ()
    return tuple(_points_wanted(gathered))


def _known(gathered: Gathered) -> Iterator[Claim]:
    return (each for each in gathered.facts.claims if each.offer in gathered.compiled.by_code)


def _points_wanted(gathered: Gathered) -> Iterator[PointsWanted]:
    for claim in _known(gathered):
        rewards = gathered.compiled.by_code[claim.offer].offer.rewards
        reward = next((each for each in rewards if isinstance(each, Redeem)), None)
        shopper = gathered.facts.shopper
        if reward is None or shopper is None:
            continue
        club = reward.club or next(iter(shopper.clubs), "")
        member = shopper.clubs.get(club)
        if member is not None:
            unit = gathered.memberships[club].earning.unit if club in gathered.memberships else POINTS
            yield PointsWanted(claim.offer, claim.points, member.points, _terms(reward, member.paying), unit)


def check_points(wanted: tuple[PointsWanted, ...], priced: Priced, *, field: str) -> None:
    """Raises Conflict at `field` where points that are to pay can't all be used, with what keeps them from it.

    Its code is `points-too-few` where nothing but the balance or the basket does; facts: `available`, how many can.
    """
    for each in wanted:
        used = sum(applied.points_used for applied in priced.applied if applied.offer == each.offer)
        if not used or (each.points is not None and used < each.points):
            refused = next((refusal.reason for refusal in priced.refused if refusal.offer == each.offer), None)
            raise _refusal(each, used, refused, field)


def _refusal(wanted: PointsWanted, used: int, reason: Reason | None, field: str) -> Conflict:
    terms = wanted.terms
    match reason:
        case Reason.POINTS_BALANCE:
            return errors.balance_low(wanted.available, terms.least_balance, unit=wanted.unit, field=field)
        case Reason.POINTS_CLOSED:
            return errors.closed(field=field)
        case Reason.POINTS_NOT_THEIRS:
            return errors.not_theirs(field=field)
        case Reason.POINTS_EXCLUDED:
            return errors.excluded(field=field)
        case Reason.POINTS_OF_DAY:
            return errors.day_limit(terms.left_today or 0, unit=wanted.unit, field=field)
        case Reason.POINTS_WHOLE_ITEM:
            return errors.whole_items(0, unit=wanted.unit, field=field)
        case Reason.POINTS_LEAST:
            return errors.least_at_once(max(terms.least, terms.step), unit=wanted.unit, field=field)
        case _:
            return (
                _fewer(wanted, used, field)
                if used
                else errors.too_few(0, wanted.points or 0, unit=wanted.unit, field=field)
            )


def _fewer(wanted: PointsWanted, used: int, field: str) -> Conflict:
    """Some can be used, but not as many."""
    terms, asked = wanted.terms, wanted.points or 0
    if asked - used < terms.step and asked % terms.step:
        return errors.in_steps(terms.step, used, unit=wanted.unit, field=field)
    match _ceiling(terms, used, None):
        case Ceiling.DAY:
            return errors.day_limit(terms.left_today or 0, unit=wanted.unit, field=field)
        case Ceiling.PURCHASE:
            return errors.purchase_limit(used, unit=wanted.unit, field=field)
        case Ceiling.WHOLE_ITEMS:
            return errors.whole_items(used, unit=wanted.unit, field=field)
        case Ceiling.SHARE:
            return errors.share_limit(used, unit=wanted.unit, field=field)
        case _:
            return errors.too_few(used, asked, unit=wanted.unit, field=field)
