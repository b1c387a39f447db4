"""What a till's basket has beside its items: coupons and codes, offers that were chosen, questions that were answered.

They are kept with the basket, so that a sale on hold and a reload lose none of them. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from erp_club.promotions.engine.facts import Claim

MOST_COUPONS = 20
MOST_PAYING = 10
MOST_CLAIMS = 50


@dataclass(frozen=True, slots=True)
class Benefits:
    """Coupons and codes as entered, offers chosen, and what the cashier has confirmed."""

    coupons: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    confirmed: frozenset[str] = frozenset()


def benefits_of(coupons: Sequence[str], claims: Sequence[Mapping[str, Any]], confirmed: Sequence[str]) -> Benefits:
    """The columns of a basket as facts."""
    return Benefits(
        tuple(coupons),
        tuple(Claim(each["offer"], each.get("product"), each.get("points")) for each in claims),
        frozenset(confirmed),
    )


def column_of(claims: Sequence[Claim]) -> list[dict[str, Any]]:
    """Claims as their column keeps them."""
    return [{"offer": each.offer, "product": each.product, "points": each.points} for each in claims]
