"""What points could pay in a basket: the most, what that takes off, and what is missing for any. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from erp_club.promotions.engine.facts import Claim
from erp_club.promotions.engine.price import price
from erp_club.promotions.engine.priced import Reason
from erp_club.promotions.engine.rewards import Redeem
from erp_club.purchases.facts import Gathered, takes_points


@dataclass(frozen=True, slots=True)
class Redeemable:
    """An offer by which points of a club pay: `most_points` would take `most_minor` off this basket.

    They are used in whole `step`s, `least` at once. `used` are those that the basket uses already; `missing` is how
    many more the customer would need, where none can be used.
    """

    offer: str
    names: dict[str, str]
    club: str
    available: int
    most_points: int
    most_minor: int
    worth_points: int
    worth_minor: int
    step: int
    least: int
    used: int = 0
    missing: int | None = None


def redeemable(gathered: Gathered) -> tuple[Redeemable, ...]:
    """Every offer by which the customer's points could pay, by its code; each is priced as if all were to be used."""
    if not gathered.memberships:
        return ()
    return tuple(_redeemable(gathered))


def _redeemable(gathered: Gathered) -> Iterator[Redeemable]:
    for code, ready in sorted(gathered.compiled.by_code.items()):
        reward = next((each for each in ready.offer.rewards if isinstance(each, Redeem)), None)
        if reward is None or not takes_points(ready, None):
            continue
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
        short = refused is not None and refused.reason is Reason.NOT_ENOUGH_POINTS
        yield Redeemable(
            offer=code,
            names={str(language): text for language, text in ready.offer.names.items()},
            club=held.club,
            available=held.available,
            most_points=applied.points_used if applied else 0,
            most_minor=applied.amount_minor if applied else 0,
            worth_points=reward.worth_points,
            worth_minor=reward.worth_minor,
            step=reward.block,
            least=max(reward.least, reward.block),
            used=(chosen.points or 0) if chosen else 0,
            missing=refused.missing if refused and short else None,
        )
