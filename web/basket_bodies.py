"""What a till says of a basket: the part that quotes and purchases share."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from erp_club.kernel.errors import Invalid
from erp_club.kernel.prepared import Ahead
from erp_club.permissions.places import TerminalFacts
from erp_club.promotions.engine.facts import Claim
from erp_club.purchases.asked import Asked, PointsPayment
from erp_club.purchases.quotes.queries import question
from erp_club.purchases.quotes.told import NOBODY, Buyer
from erp_club.purchases.sale import MOST_LINES, check_time
from erp_club.purchases.weighed import skus_of
from web.fields import Body, QuantityText, Storable, Word

SaleId = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,100}$")]
PointsCount = Annotated[int, Field(ge=1, le=10_000_000)]
ClubCode = Annotated[str, StringConstraints(min_length=1, max_length=50), Storable]
OfferCode = Annotated[str, StringConstraints(min_length=1, max_length=50), Storable]


class SoldLine(Body):
    """How much of what. Returns are not sold: they come with their receipt."""

    sku: Word
    quantity: Annotated[QuantityText, Field(gt=0, le=9_999_999, description="Above 0, at most three decimals")]


class SoldTo(Body):
    """Who buys: exactly one of the three."""

    id: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    number: Word | None = None
    card: Word | None = None

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        given = sum(each is not None for each in (self.id, self.number, self.card))
        if given != 1:
            raise PydanticCustomError("too_long" if given else "missing", "exactly one of id, number and card")
        return self


class Activation(Body):
    """An offer that was chosen at the till, with the product of a free choice, or how many points to use."""

    offer: OfferCode
    product: Word | None = None
    points: PointsCount | None = None


class PointsToUse(Body):
    """So many points of a club that are to pay; the club can be left out where the customer is in one only."""

    points: PointsCount
    club: ClubCode | None = None


class BasketBody(Body):
    """What is bought, who buys, and what was entered, chosen and confirmed beside the items."""

    customer: SoldTo | None = None
    lines: Annotated[list[SoldLine], Field(max_length=MOST_LINES)]
    coupons: Annotated[
        list[Word], Field(max_length=20, description="Coupons and codes of offers, as they were entered")
    ] = []
    automatic_coupons: Annotated[
        bool,
        Field(
            description="Enter the coupons that birthday plans and rules of clubs let tills use by themselves; `false` "
            "where the cashier took them out"
        ),
    ] = True
    activations: Annotated[list[Activation], Field(max_length=50)] = []
    confirmations: Annotated[
        list[OfferCode], Field(max_length=50, description="What offers ask the cashier, and was answered with yes")
    ] = []


def asked_of(
    body: BasketBody,
    *,
    sale_id: str,
    means: tuple[str, ...] = (),
    points: Sequence[PointsToUse] = (),
    paid: tuple[tuple[str, int], ...] = (),
) -> Asked:
    """The basket of a body, and the points that are to pay. `sale_id` is the sale's key, `paid` as in `Asked`."""
    return Asked(
        lines=_lines(body),
        buyer=_buyer(body),
        coupons=tuple(body.coupons),
        claims=tuple([Claim(each.offer, each.product, each.points) for each in body.activations]),
        confirmed=frozenset(body.confirmations),
        means=means,
        sale_id=sale_id,
        points=tuple([PointsPayment(each.points, each.club) for each in points]),
        paid=paid,
        automatic=body.automatic_coupons,
    )


def asked_ahead(body: BasketBody, till: TerminalFacts, sold_at: dt.datetime, *, now: dt.datetime) -> Ahead | None:
    """What pricing the basket at this till will ask the database; nothing at a time that its route refuses."""
    try:
        check_time(sold_at, now=now)
    except Invalid:
        return None
    day = sold_at.astimezone(ZoneInfo(till.time_zone)).date()
    return question(skus_of(_lines(body)), _buyer(body), store_id=till.store_id, day=day)


def _lines(body: BasketBody) -> tuple[tuple[str, int], ...]:
    return tuple([(line.sku, line.quantity) for line in body.lines])


def _buyer(body: BasketBody) -> Buyer:
    buyer = body.customer
    return Buyer(buyer.id, buyer.number, buyer.card) if buyer else NOBODY
