"""The form of a price case: a small shop on paper, with its programmes, basket and actions, and what must come out.

Amounts are in minor units, rates in basis points. Keys that the form doesn't know are passed over: a case may hold
notes.
"""

from decimal import Decimal
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from erp_club.kernel.money import Rounding
from erp_club.promotions.engine.scope import Basis, Minor, Pick

Names = tuple[str, ...]
Many = Annotated[int, Field(ge=1, le=9_999)]
Whole = Annotated[int, Field(ge=0, le=100_000_000_000)]
Rate = Annotated[Decimal, Field(ge=0, le=1_000_000)]
Quantity = Annotated[Decimal, Field(ge=-1_000_000, le=1_000_000, decimal_places=3)]


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


class Form(BaseModel):
    """A part of the form. What is null is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, said: Any) -> Any:
        if not isinstance(said, dict):
            return said
        return {name: value for name, value in cast("dict[str, Any]", said).items() if value is not None}


class Settings(Form):
    """The chain's policy in this case."""

    prices_include_tax: bool = True
    order: Names = ()
    stack_base: str = "remaining"
    threshold_counts: str = "list"
    amounts_basis: Basis = Basis.INCLUDING
    tax_of_discount: str = "net_line"
    fill: str = ""
    free_unit: str = "cheapest_of_all_matching"
    rounding: Annotated[Rounding, BeforeValidator(_lower)] = Rounding.HALF_UP
    earn_base: str = "prorated_net"
    point_scale: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    point_rounding: Annotated[Rounding, BeforeValidator(_lower)] = Rounding.DOWN
    points_of_this_order_usable: bool = False
    refund_returns_redeemed_points: bool = False


class Customer(Form):
    """Who buys, with points and stored value."""

    id: str = ""
    points: Whole = 0
    gift_cards: tuple[Whole, ...] = ()
    wallet: Whole = 0


class Condition(Form):
    """When a programme gives."""

    min_qty: Annotated[int, Field(ge=0, le=9_999)] | None = None
    every_qty: Many | None = None
    min_amount: Minor | None = None
    min_amount_basis: Basis | None = None
    products: Names = ()
    groups: Names = ()
    products_for_qty: Names = ()


class Reward(Form):
    """What a programme gives; which keys mean something hangs on `type`."""

    type: Literal[
        "percent_off", "amount_off", "amount_off_per_unit", "amount_off_first_then", "bundle_price", "cheapest_free",
        "free_product", "price_list", "issue_coupon", "points_redeem",
    ]  # fmt: skip
    scope: Literal["order", "products", "groups", "cheapest_units", "each_line"] | None = None
    products: Names = ()
    groups: Names = ()
    value_bp: Annotated[int, Field(ge=0, le=10_000)] | None = None
    value: Minor | None = None
    cap: Minor | None = None
    cap_basis: Basis | None = None
    max_units: Many | None = None
    max_units_per_line: Many | None = None
    group_size: Many = 1
    tiers_by_qty: dict[int, Whole] = {}
    count_groups: Names = ()
    count_products: Names = ()
    pick: Pick | None = None
    first: Minor = 0
    additional: Minor = 0
    qty: Many = 1
    per_qty: Many = 1
    free: Many = 1
    max_applications: Many | None = None
    product: str | None = None
    choose_from: Names = ()
    delivery: str = "added_free_unit"
    cost_points: Whole = 0
    count: Many = 1
    value_per_point: Annotated[int, Field(ge=1, le=1_000_000_000)] = 1
    block: Many | None = None
    block_min: Whole = 0


class Earn(Form):
    """What a programme gives in points."""

    per: Literal["money", "unit", "order"]
    rate: Rate = Decimal(1)
    groups: Names = ()
    products: Names = ()
    split_per_unit: bool = False
    to: str = ""


class CouponOf(Form):
    """The coupon of a programme: whose it is, and how often it may still be used."""

    owner: str | None = None
    code: str | None = None
    uses: Whole | None = None
    used: Whole = 0
    uses_left: Whole | None = None
    valid_from_day: int | None = None
    valid_to_day: int | None = None

    @property
    def left(self) -> int:
        """Uses that are left; one where nothing is said."""
        if self.uses_left is not None:
            return self.uses_left
        return 1 if self.uses is None else max(0, self.uses - self.used)


class Programme(Form):
    """One programme."""

    id: str
    trigger: Literal["auto", "code", "coupon", "claim"] = "auto"
    code: str | None = None
    coupon: CouponOf = CouponOf()
    condition: Condition = Condition()
    reward: Reward | None = None
    earn: Earn | None = None
    stacking: str | None = None
    valid_from_day: int | None = None
    valid_to_day: int | None = None


class BasketLine(Form):
    """One line."""

    id: str
    product: str
    group: str | None = None
    qty: Quantity = Decimal(1)
    unit_price: Annotated[int, Field(ge=-100_000_000_000, le=100_000_000_000)]
    tax_bp: Annotated[int, Field(ge=0, le=100_000)] = 0
    kind: str = "goods"
    levy: Whole = 0


class Action(Form):
    """What is done, one after the other."""

    do: Literal["enter_code", "claim", "pay_gift_card", "pay_wallet", "price", "confirm", "refund", "refund_all"]
    code: str = ""
    id: str = ""
    product: str | None = None
    points: Whole | None = None
    line: str = ""
    qty: Quantity = Decimal(1)


class Case(Form):
    """A whole case. `expect` holds any of the figures that `told.py` gives."""

    id: str
    settings: Settings = Settings()
    customer: Customer = Customer()
    programmes: tuple[Programme, ...] = ()
    basket: tuple[BasketLine, ...]
    actions: tuple[Action, ...] = ()
    expect: dict[str, Any] = {}
