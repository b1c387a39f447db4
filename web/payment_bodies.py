"""How a sale is paid, and which prepaid and gift cards it sells: what tills send beside the basket."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from erp_club.purchases.sale import MOST_MINOR
from erp_club.receipts.kinds import Means
from web.basket_bodies import ClubCode, PointsCount
from web.fields import Body, Storable, Word

Pin = Annotated[str, StringConstraints(max_length=20), Storable]
CardAmount = Annotated[int, Field(ge=1, le=MOST_MINOR)]
MeansName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,29}$"),
    Field(
        description="`cash`, `card` or `stored_value`, or the chain's own name of another means (`paypal`, `invoice`, "
        "`own_card`): it is handled as a bank card is, and rules for means know it by its name",
        examples=["card"],
    ),
]


def _no_points(name: str) -> str:
    if name == PaidBy.POINTS:
        raise PydanticCustomError("enum", "points are no means of payment here")
    return name


MoneyName = Annotated[MeansName, AfterValidator(_no_points)]
"""The same where points are told apart from money."""


class PaidBy(StrEnum):
    """The means that are handled each in its own way. Points lower the total; the others are means of payment."""

    CASH = "cash"
    CARD = "card"
    STORED_VALUE = "stored_value"
    POINTS = "points"


_OURS = frozenset(PaidBy)


class PaidWith(Body):
    """What one means pays. Cash is what the receipt takes of it, not what was handed over.

    `means` is one of `cash`, `card`, `stored_value` and `points`, or the chain's own name of a means.

    A prepaid or gift card (`stored_value`) is named by its number, and its PIN where it has one. Without an amount it
    gives what is still due after all amounts that are said, several cards in their order. So many `points` of a `club`
    lower the total by what a quote says they are worth; the other payments cover the rest. The club can be left out
    where the customer is in one only.
    """

    means: MeansName
    amount_minor: CardAmount | None = None
    card: Word | None = None
    pin: Pin | None = None
    points: PointsCount | None = None
    club: ClubCode | None = None

    @property
    def paid_by(self) -> Means | None:
        """The means of payment; None for points, which lower the total instead."""
        if self.means == PaidBy.POINTS:
            return None
        return Means.CARD if self.called else Means(self.means)

    @property
    def called(self) -> str:
        """The chain's own name of the means, where it is none of ours."""
        return "" if self.means in _OURS else self.means

    @model_validator(mode="after")
    def _of_its_means(self) -> Self:
        if self.means == PaidBy.POINTS:
            if self.points is None or self.amount_minor is not None or self.card is not None or self.pin is not None:
                raise PydanticCustomError("missing", "a payment in points says how many, and nothing else but its club")
            return self
        if self.points is not None or self.club is not None:
            raise PydanticCustomError("extra_forbidden", "only a payment in points has points and club")
        by_card = self.means == PaidBy.STORED_VALUE
        if (by_card and self.card is None) or (not by_card and self.amount_minor is None):
            raise PydanticCustomError("missing", "a stored_value payment names its card, others their amount")
        if not by_card and (self.card is not None or self.pin is not None):
            raise PydanticCustomError("extra_forbidden", "only a stored_value payment has card and pin")
        return self


class SoldCard(Body):
    """A prepaid or gift card that is sold or loaded with an article of the basket.

    `number`: one that lies ready, or a prepaid card to load; without it a card is made, with the `pin` that the
    customer chooses where the kind has one. Without `amount_minor` it takes the article's price, or the line's where it
    is the only one. An article's cards come to its list amount; where none is named, cards are made for it.
    """

    sku: Word
    amount_minor: CardAmount | None = None
    number: Word | None = None
    pin: Pin | None = None
