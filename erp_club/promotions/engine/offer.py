"""What an offer is: the JSON that head office writes, the form edits, and the engine compiles.

One document holds what the offer gives (`rewards`), when (`when`), how it is started (`activation`), beside which others
it may stand (`combination`) and how often (`limits`). Its JSON schema is published; unknown fields are refused. Amounts
are in minor units and, unless a field says otherwise, include tax; rates are in basis points (1000 = 10 %); days and
hours are the store's, first and last day included.
"""

import datetime as dt
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator
from pydantic_core import PydanticCustomError

MOST_MINOR = 100_000_000_000
MOST_QUANTITY = 9_999
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9_.-]{0,49}$")]
Key = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Keys = Annotated[tuple[Key, ...], Field(max_length=5_000)]
Minor = Annotated[int, Field(ge=0, le=MOST_MINOR)]
BasisPoints = Annotated[int, Field(ge=0, le=10_000)]
Count = Annotated[int, Field(ge=1, le=MOST_QUANTITY)]
Texts = Annotated[dict[Literal["en", "he", "fi", "sv"], Annotated[str, Field(max_length=200)]], Field(max_length=4)]


class Part(BaseModel):
    """A piece of an offer: fixed once made, and without fields that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_enum_values=False)


class Scope(Part):
    """Which lines: those of any of these products (SKU), groups, departments or brands (by name).

    Nothing named is every line of goods. Lines of another kind (delivery, gift cards, deposits, top-ups) are passed
    over unless a product, group or kind names them; lines typed in by hand below zero always.
    """

    products: Keys = ()
    groups: Keys = ()
    departments: Keys = ()
    brands: Keys = ()
    kinds: Keys = ()
    without_products: Keys = ()
    without_groups: Keys = ()
    without_departments: Keys = ()
    without_brands: Keys = ()
    regular_price_only: bool = False
    """Passes over lines that a price list, or the product itself, sells below the regular price."""

    @property
    def everything(self) -> bool:
        """Whether no line of goods is left out by what is named."""
        return not (self.products or self.groups or self.departments or self.brands or self.kinds)


EVERYTHING = Scope()


class Pick(StrEnum):
    """Which units go first where not all do; where prices are equal, in the order of the lines."""

    CHEAPEST = "cheapest"
    DEAREST = "dearest"


class Basis(StrEnum):
    """Whether an amount includes tax."""

    INCLUDING = "incl"
    EXCLUDING = "excl"


class Step(Part):
    """From this many units of `count_in` on, this rate (or amount, or price) instead."""

    from_quantity: Count
    value: Minor


class Percent(Part):
    """A share off the scope, computed once over all of it, rounded half up, then allocated.

    With `units` only so many (picked) units; with `steps` the rate grows with the quantity counted in `count_in` (else
    in `on`). `cap_minor` is the most that it gives, `base_cap_minor` the most that it is computed on.
    """

    kind: Literal["percent"] = "percent"
    value_bp: BasisPoints = 0
    on: Scope | None = None
    units: Count | None = None
    pick: Pick = Pick.CHEAPEST
    steps: Annotated[tuple[Step, ...], Field(max_length=50)] = ()
    count_in: Scope | None = None
    cap_minor: Minor | None = None
    cap_basis: Basis = Basis.INCLUDING
    base_cap_minor: Minor | None = None


class Spread(StrEnum):
    """What an amount is taken from: once from the whole scope, from each line, or from each unit."""

    ONCE = "once"
    LINE = "line"
    UNIT = "unit"


class Amount(Part):
    """An amount off, never more than what it is taken from.

    Per unit: only units in full groups of `group_size` (counted over the scope) and at most `units_per_line` of a line;
    `first_minor` is for the first unit of a line instead. `steps` as for a percentage.
    """

    kind: Literal["amount"] = "amount"
    value_minor: Minor = 0
    on: Scope | None = None
    spread: Spread = Spread.ONCE
    basis: Basis = Basis.INCLUDING
    group_size: Count = 1
    units_per_line: Count | None = None
    first_minor: Minor | None = None
    units: Count | None = None
    pick: Pick = Pick.CHEAPEST
    steps: Annotated[tuple[Step, ...], Field(max_length=50)] = ()
    count_in: Scope | None = None


class FixedPrice(Part):
    """Each unit (at most `units`, picked) costs this much; a unit that is cheaper already stays so."""

    kind: Literal["fixed_price"] = "fixed_price"
    price_minor: Minor
    on: Scope | None = None
    units: Count | None = None
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
    """Whether a gift is added to the basket by us, or is a unit that was scanned."""

    ADDED = "added"
    IN_BASKET = "in_basket"


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

    `multiplier_bp` multiplies what the scope earns (20000 doubles, 0 none). `bonus` adds points: per order, per unit,
    or per `per_minor` paid. Rounded down once.
    """

    kind: Literal["points"] = "points"
    club: Key | None = None
    multiplier_bp: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    bonus: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    per: PointsPer = PointsPer.ORDER
    per_minor: Annotated[int, Field(ge=1, le=MOST_MINOR)] = 100
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
    """The largest share of the basket that points pay."""


Reward = Annotated[
    Percent | Amount | FixedPrice | BuyGet | Bundle | Gift | FreeDelivery | Points | NextCoupon | Surprise | Redeem,
    Field(discriminator="kind"),
]


class QuantityIs(Part):
    """At least so many units of a scope; with `every`, the offer gives once for each so many."""

    quantity: Count
    of: Scope | None = None
    every: bool = False


class AmountIs(Part):
    """The scope comes to at least this much at price-list prices; with `every`, once for each so much."""

    amount_minor: Minor
    of: Scope | None = None
    basis: Basis = Basis.INCLUDING
    every: bool = False


class StoreIs(Part):
    """Sold in one of these stores (codes)."""

    stores: Annotated[tuple[Key, ...], Field(min_length=1, max_length=5_000)]


class ChannelIs(Part):
    """Sold through one of these channels."""

    channels: Annotated[tuple[Literal["store", "web"], ...], Field(min_length=1)]


class TerminalIs(Part):
    """Sold at a till with one of these numbers in its store."""

    terminals: Annotated[tuple[Annotated[int, Field(ge=1, le=9_999)], ...], Field(min_length=1, max_length=1_000)]


class DayIs(Part):
    """On these days of the week (1 = Monday, ISO 8601)."""

    weekdays: Annotated[tuple[Annotated[int, Field(ge=1, le=7)], ...], Field(min_length=1, max_length=7)]


class HourIs(Part):
    """From `from_time` on and before `to_time`, over midnight where that is the earlier one."""

    from_time: dt.time
    to_time: dt.time


class MeansIs(Part):
    """Paid with one of these means; while pricing before payment, only what the till says will be used."""

    means: Annotated[tuple[Key, ...], Field(min_length=1, max_length=20)]


class ClubIs(Part):
    """A member, today, of one of these clubs (at one of these levels)."""

    clubs: Annotated[tuple[Key, ...], Field(min_length=1, max_length=100)]
    levels: Annotated[tuple[Key, ...], Field(max_length=100)] = ()


class SegmentIs(Part):
    """In one of these segments."""

    segments: Annotated[tuple[Key, ...], Field(min_length=1, max_length=1_000)]


class BirthdayIs(Part):
    """The birthday is at most so many days ahead, or so many days past; 29 February is celebrated every year."""

    days_before: Annotated[int, Field(ge=0, le=180)]
    days_after: Annotated[int, Field(ge=0, le=180)] = 0


class PurchaseNumberIs(Part):
    """This is the customer's purchase number `first` to `last` (without end for None): 1 and 1 is the first ever."""

    first: Annotated[int, Field(ge=1, le=1_000_000)]
    last: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class CustomerKnown(Part):
    """Whether a customer is identified."""

    customer_known: bool


class Confirmed(Part):
    """Something that the cashier confirms, such as a party of two; `confirm` names it, the texts ask for it."""

    confirm: Code
    question: Texts


class All(Part):
    """Every one of these holds; none is true of nothing."""

    all: Annotated[tuple["Condition", ...], Field(max_length=50)]


class AnyOf(Part):
    """At least one of these holds."""

    any: Annotated[tuple["Condition", ...], Field(min_length=1, max_length=50)]


class Not(Part):
    """This doesn't hold."""

    no: Annotated["Condition", Field(alias="not")]
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


_CONDITIONS: dict[str, type[Part]] = {
    "all": All, "any": AnyOf, "not": Not, "quantity": QuantityIs, "amount_minor": AmountIs, "stores": StoreIs,
    "channels": ChannelIs, "terminals": TerminalIs, "weekdays": DayIs, "from_time": HourIs, "means": MeansIs,
    "clubs": ClubIs, "segments": SegmentIs, "days_before": BirthdayIs, "first": PurchaseNumberIs,
    "customer_known": CustomerKnown, "confirm": Confirmed,
}  # fmt: skip


def _which(condition: Any) -> str | None:
    """The field that only this kind of condition has, which tells them apart."""
    if isinstance(condition, dict):
        given: dict[str, Any] = condition
        return next((name for name in _CONDITIONS if name in given), None)
    return next((name for name, kind in _CONDITIONS.items() if isinstance(condition, kind)), None)


Condition = Annotated[
    Annotated[All, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")]
    | Annotated[QuantityIs, Tag("quantity")]
    | Annotated[AmountIs, Tag("amount_minor")]
    | Annotated[StoreIs, Tag("stores")]
    | Annotated[ChannelIs, Tag("channels")]
    | Annotated[TerminalIs, Tag("terminals")]
    | Annotated[DayIs, Tag("weekdays")]
    | Annotated[HourIs, Tag("from_time")]
    | Annotated[MeansIs, Tag("means")]
    | Annotated[ClubIs, Tag("clubs")]
    | Annotated[SegmentIs, Tag("segments")]
    | Annotated[BirthdayIs, Tag("days_before")]
    | Annotated[PurchaseNumberIs, Tag("first")]
    | Annotated[CustomerKnown, Tag("customer_known")]
    | Annotated[Confirmed, Tag("confirm")],
    Discriminator(_which, custom_error_type="condition_unknown", custom_error_message="This is no condition."),
]


class Start(StrEnum):
    """Who starts an offer: it starts by itself, the cashier does, a code does, or a coupon of a batch."""

    AUTO = "auto"
    CASHIER = "cashier"
    CODE = "code"
    COUPON = "coupon"


class Activation(Part):
    """How an offer starts. `points` is what it costs the customer in the club, each time it is given."""

    by: Start = Start.AUTO
    code: Key | None = None
    batch: Code | None = None
    points: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    club: Key | None = None

    @model_validator(mode="after")
    def _what_starts_it(self) -> Self:
        if (self.by is Start.CODE) != (self.code is not None):
            raise PydanticCustomError("code_with_start", "code goes with by: code")
        if (self.by is Start.COUPON) != (self.batch is not None):
            raise PydanticCustomError("batch_with_start", "batch goes with by: coupon")
        return self


class Mode(StrEnum):
    """Whether an offer shares its units: an exclusive one doesn't with others of its group, a stackable one does."""

    EXCLUSIVE = "exclusive"
    STACKABLE = "stackable"


class Per(StrEnum):
    """What exclusive offers of a group compete for: each unit, each line, or the whole order."""

    UNIT = "unit"
    LINE = "line"
    ORDER = "order"


class Stage(StrEnum):
    """When a stackable offer has its turn. The price list comes before all, points as money after all."""

    ITEM = "item"
    BASKET = "basket"
    CODE = "code"


class Combination(Part):
    """Beside which others an offer may stand.

    Exclusive: a unit (line, order) serves at most one exclusive offer of its `group`; which ones is decided for the
    greatest saving, among those of the highest priority first. Stackable: comes on top, in the order of stage,
    `position`, priority, then prices, shares, amounts. `used` says whether the units that fulfil the condition count
    as used too.
    """

    mode: Mode = Mode.EXCLUSIVE
    group: Key | None = None
    per: Per = Per.UNIT
    priority: Annotated[int, Field(ge=-1_000, le=1_000)] = 0
    stage: Stage | None = None
    position: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    used: bool = True
    other_lines_first: bool = False
    """An amount is taken first from lines that no later offer of its stage can use."""


class Limits(Part):
    """How often and how much: None is without limit. `per_member_*` need a known customer."""

    uses: Annotated[int, Field(ge=1)] | None = None
    uses_per_day: Annotated[int, Field(ge=1)] | None = None
    per_member: Annotated[int, Field(ge=1)] | None = None
    per_member_day: Annotated[int, Field(ge=1)] | None = None
    per_member_month: Annotated[int, Field(ge=1)] | None = None
    per_member_year: Annotated[int, Field(ge=1)] | None = None
    per_basket: Count | None = None
    budget_minor: Annotated[int, Field(ge=1, le=MOST_MINOR)] | None = None

    @property
    def counted(self) -> bool:
        """Whether uses must be counted over sales."""
        return any(value is not None for name, value in self if name != "per_basket")


class Offer(Part):
    """An offer as it is published. `code` names it for ever; versions share it."""

    code: Code
    names: Texts
    rewards: Annotated[tuple[Reward, ...], Field(min_length=1, max_length=5)]
    """Several are parts of one offer, each on what the parts before have left."""
    rest: bool = False
    """The last part goes to the rest of its scope: units that no other part has touched."""
    when: Condition = All(all=())
    activation: Activation = Activation()
    combination: Combination = Combination()
    limits: Limits = Limits()
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    receipt_message: Texts = {}
    till_message: Texts = {}
    hint: bool = True
    """Whether the till tells what is missing for it."""
