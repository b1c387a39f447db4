"""What an offer gives: one small typed object a kind, told apart by `kind`."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from erp_club.promotions.engine.scope import MOST_MINOR, Basis, BasisPoints, Code, Count, Key, Minor, Part, Pick, Scope


class Step(Part):
    """From this many units of `count_in` on, this rate (or amount, or price) instead."""

    from_quantity: Count
    value: Minor


class Percent(Part):
    """A share off the scope, computed once over all of it, rounded half up, then allocated.

    With `units` only so many (picked) units, which of what is weighed or `measured` are its kilograms or litres, where
    that is said, else it is one; with `steps` the rate grows with the quantity counted in `count_in` (else
    in `on`). `cap_minor` is the most that it gives (with or without tax; None: as
    the chain states amounts), `base_cap_minor` the most that it is computed on.
    """

    kind: Literal["percent"] = "percent"
    value_bp: BasisPoints = 0
    on: Scope | None = None
    units: Count | None = None
    measured: bool = False
    pick: Pick = Pick.CHEAPEST
    steps: Annotated[tuple[Step, ...], Field(max_length=50)] = ()
    count_in: Scope | None = None
    cap_minor: Minor | None = None
    cap_basis: Basis | None = None
    base_cap_minor: Minor | None = None


class Spread(StrEnum):
    """What an amount is taken from: once from the whole scope, from each line, or from each unit."""

    ONCE = "once"
    LINE = "line"
    UNIT = "unit"


class Amount(Part):
    """An amount off, never more than what it is taken from.

    Per unit: only units in full groups of `group_size` (counted over the scope) and at most `units_per_line` of a line;
    `first_minor` is for the first unit of a line instead. `steps` as for a percentage; `basis` None: as the chain
    states amounts. `cap_minor` is the most that it takes off in all, with tax.
    """

    kind: Literal["amount"] = "amount"
    value_minor: Minor = 0
    on: Scope | None = None
    spread: Spread = Spread.ONCE
    basis: Basis | None = None
    group_size: Count = 1
    units_per_line: Count | None = None
    first_minor: Minor | None = None
    units: Count | None = None
    pick: Pick = Pick.CHEAPEST
    cap_minor: Minor | None = None
    steps: Annotated[tuple[Step, ...], Field(max_length=50)] = ()
    count_in: Scope | None = None


class FixedPrice(Part):
    """Each unit (at most `units`, picked, `measured` as for a percentage) costs this much.

    A unit that is cheaper already stays so.
    """

    kind: Literal["fixed_price"] = "fixed_price"
    price_minor: Minor
    on: Scope | None = None
    units: Count | None = None
    measured: bool = False
    pick: Pick = Pick.DEAREST
    steps: Annotated[tuple[Step, ...], Field(max_length=50)] = ()


class Freed(StrEnum):
    """Which units of a group of `size` are given.

    `all`: the cheapest of all matching units. `each`: in groups made from the dearest down, the cheapest of each, which
    gives the customer more.
    """

    CHEAPEST_OF_ALL = "all"
    CHEAPEST_OF_EACH = "each"


class BuyGet(Part):
    """Of each full `size` units, `free` of them are `off_bp` off: 3 for 2; the second at half price (2, 1, 5000)."""

    kind: Literal["buy_get"] = "buy_get"
    size: Annotated[int, Field(ge=1, le=100)]
    free: Annotated[int, Field(ge=1, le=100)] = 1
    off_bp: BasisPoints = 10_000
    on: Scope | None = None
    freed: Freed = Freed.CHEAPEST_OF_ALL
    applications: Count | None = None

    @model_validator(mode="after")
    def _some_are_paid(self) -> Self:
        if self.free > self.size:
            raise PydanticCustomError("free_above_size", "free must not be above size")
        return self


class Slot(Part):
    """So many units of a scope."""

    on: Scope | None = None
    quantity: Annotated[int, Field(ge=1, le=100)]


class Bundle(Part):
    """The units of all slots together for a price (or this share, or this much, off); repeated for every full set.

    Takes the dearest units first unless `pick` says otherwise, and never raises a price.
    """

    kind: Literal["bundle"] = "bundle"
    slots: Annotated[tuple[Slot, ...], Field(min_length=1, max_length=10)]
    price_minor: Minor | None = None
    off_bp: BasisPoints | None = None
    off_minor: Minor | None = None
    pick: Pick = Pick.DEAREST
    applications: Count | None = None

    @model_validator(mode="after")
    def _one_price(self) -> Self:
        if sum(each is not None for each in (self.price_minor, self.off_bp, self.off_minor)) != 1:
            raise PydanticCustomError("one_of_three", "exactly one of price_minor, off_bp and off_minor")
        return self


class Delivery(StrEnum):
    """Whether a gift is added to the basket by us, is a unit that was scanned, or this where one was, else that."""

    ADDED = "added"
    IN_BASKET = "in_basket"
    EITHER = "either"


class Gift(Part):
    """Free units of one of these products; with several the customer chooses, and until then it stays open."""

    kind: Literal["gift"] = "gift"
    products: Annotated[tuple[Key, ...], Field(min_length=1, max_length=100)]
    quantity: Count = 1
    delivery: Delivery = Delivery.ADDED


class FreeDelivery(Part):
    """Delivery lines for nothing, at most `cap_minor`."""

    kind: Literal["free_delivery"] = "free_delivery"
    cap_minor: Minor | None = None


class PointsPer(StrEnum):
    """What a bonus is counted by."""

    ORDER = "order"
    UNIT = "unit"
    MONEY = "money"


class Points(Part):
    """More points, fewer, or none, in this club (else in each that earns).

    `multiplier_bp` multiplies what the scope earns (20000 doubles, 0 none). `bonus` adds points: per order, per
    `per_units` units, or per `per_minor` paid. Rounded once, down unless the chain says otherwise.
    """

    kind: Literal["points"] = "points"
    club: Key | None = None
    multiplier_bp: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    bonus: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    per: PointsPer = PointsPer.ORDER
    per_minor: Annotated[int, Field(ge=1, le=MOST_MINOR)] = 100
    per_units: Count = 1
    on: Scope | None = None


class NextCoupon(Part):
    """Coupons of a batch for the next purchase, issued when the sale is committed."""

    kind: Literal["coupon"] = "coupon"
    batch: Code
    count: Annotated[int, Field(ge=1, le=100)] = 1


class Prize(Part):
    """What may be drawn, with its weight among all: an amount off, a share off, or a gift."""

    weight: Annotated[int, Field(ge=1, le=1_000_000)]
    off_minor: Minor | None = None
    off_bp: BasisPoints | None = None
    product: Key | None = None


class Surprise(Part):
    """A draw whose outcome hangs on the sale's id alone, so that pricing again draws the same."""

    kind: Literal["surprise"] = "surprise"
    prizes: Annotated[tuple[Prize, ...], Field(min_length=1, max_length=50)]
    nothing_weight: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class Redeem(Part):
    """Points as money: each is worth `worth_minor / worth_points`, in whole `block`s, at least `least`.

    The customer says how many; without that it is as many as can be used.
    """

    kind: Literal["redeem"] = "redeem"
    club: Key | None = None
    worth_minor: Annotated[int, Field(ge=1, le=MOST_MINOR)]
    worth_points: Annotated[int, Field(ge=1, le=MOST_MINOR)] = 1
    block: Annotated[int, Field(ge=1, le=MOST_MINOR)] = 1
    least: Annotated[int, Field(ge=0, le=MOST_MINOR)] = 0
    most_bp: BasisPoints = 10_000
    """The largest share of the basket (or of `on`) that points pay."""
    on: Scope | None = None


Reward = Annotated[
    Percent | Amount | FixedPrice | BuyGet | Bundle | Gift | FreeDelivery | Points | NextCoupon | Surprise | Redeem,
    Field(discriminator="kind"),
]


def plain(document: Reward) -> bool:
    """Whether it takes so much off all together, whatever the units are."""
    if isinstance(document, Percent | Amount):
        once = isinstance(document, Percent) or document.spread is Spread.ONCE
        return once and document.units is None and not document.steps
    return isinstance(document, FreeDelivery)
