"""What a membership would have saved: the same basket priced as a member of the club that gives most."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from erp_club.promotions.engine.compile import Compiled
from erp_club.promotions.engine.facts import Facts, ListPrice, Member, Shopper
from erp_club.promotions.engine.price import price


@dataclass(frozen=True, slots=True)
class AsMember:
    """A club that the customer isn't in: what a new member has there, with the price lists that would be in force."""

    club: str
    member: Member = field(default_factory=Member)
    price_lists: tuple[ListPrice, ...] = ()


@dataclass(frozen=True, slots=True)
class ClubSaving:
    """The club in which this basket would have cost least, and by how much less than now."""

    club: str
    saved_minor: int


def club_savings(facts: Facts, compiled: Compiled, total_minor: int, clubs: Sequence[AsMember]) -> ClubSaving | None:
    """What a membership would have saved on a basket that costs `total_minor` now; None for nothing, or no club.

    Of equal savings the first club by name. Points aren't money here, and coupons and claims stay as they are.
    """
    shopper = facts.shopper or Shopper("")
    savings = (
        ClubSaving(each.club, total_minor - _total(facts, compiled, shopper, each))
        for each in clubs
        if each.club not in shopper.clubs
    )
    best = min(savings, key=lambda saving: (-saving.saved_minor, saving.club), default=None)
    return best if best is not None and best.saved_minor > 0 else None


def _total(facts: Facts, compiled: Compiled, shopper: Shopper, member: AsMember) -> int:
    """What the basket would cost a member."""
    joined = replace(shopper, clubs={**shopper.clubs, member.club: member.member})
    lists = (*facts.price_lists, *member.price_lists)
    return price(replace(facts, shopper=joined, price_lists=lists), compiled, hints=False).total_minor
