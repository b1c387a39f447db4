"""The form of a price case: a small shop on paper, with its programmes, basket and actions, and what must come out.

Amounts are in minor units, rates in basis points. What the form doesn't know is refused at its place, and so is a key
that means nothing beside the others: a case that is priced is priced as it says. Only notes are passed over (`NOTES`).
"""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from erp_club.kernel.money import Rounding
from erp_club.promotions.engine.scope import MOST_MINOR, Basis, Pick


def _number(value: Any) -> Any:
    """A number, or one written as a string; True and False are none."""
    if isinstance(value, bool):
        raise PydanticCustomError("not_a_number", "This is no number")
    return value


Name = Annotated[str, Field(min_length=1)]
Names = tuple[Name, ...]
Int = Annotated[int, Field(strict=True)]
Many = Annotated[Int, Field(ge=1, le=9_999)]
Whole = Annotated[Int, Field(ge=0, le=100_000_000_000)]
Amount = Annotated[Int, Field(ge=0, le=MOST_MINOR)]
Rate = Annotated[Decimal, BeforeValidator(_number), Field(ge=0, le=1_000_000)]
Quantity = Annotated[Decimal, BeforeValidator(_number), Field(gt=0, le=1_000_000, decimal_places=3)]
NOTES = frozenset({"name", "topic", "source", "adapted", "derivation", "note", "notes", "comment", "description"})
"""What any part may hold for its reader."""


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


class Form(BaseModel):
    """A part of the form. What is null is left out, and so are notes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, said: Any) -> Any:
        if not isinstance(said, dict):
            return said
        named = cast("dict[str, Any]", said).items()
        return {name: value for name, value in named if value is not None and name not in NOTES}


class Settings(Form):
    """The chain's policy in this case."""

    proration: str = "largest_remainder"
    day_numbers_relative_to_sale_day: Literal[True] = True
    prices_include_tax: StrictBool = True
    order: Names = ()
    stack_base: str = "remaining"
    threshold_counts: str = "list"
    amounts_basis: Basis = Basis.INCLUDING
    tax_of_discount: str = "net_line"
    fill: str = "plain"
    free_unit: str = "cheapest_of_all_matching"
    rounding: Annotated[Rounding, BeforeValidator(_lower)] = Rounding.HALF_UP
    earn_base: str = "prorated_net"
    point_scale: Annotated[Int, Field(ge=1, le=1_000_000)] = 1
    point_rounding: Annotated[Rounding, BeforeValidator(_lower)] = Rounding.DOWN
    points_of_this_order_usable: StrictBool = False
    refund_returns_redeemed_points: StrictBool = False

    def unknown_words(self) -> list[str]:
        """Where a policy is named by a word that isn't known, and so is taken for the usual one."""
        said = {name: getattr(self, name) for name in _WORDS}
        return [f"settings.{name}: {word}" for name, word in said.items() if not word.startswith(_WORDS[name])]


_WORDS = {
    "stack_base": ("remaining", "list", "original"),
    "threshold_counts": ("list", "after_code"),
    "tax_of_discount": ("net_line", "separate_negative_line_rounded_alone"),
    "fill": ("plain", "other_lines_first"),
    "free_unit": ("cheapest_of_all", "cheapest_of_each", "cheapest_per_group"),
    "earn_base": ("prorated_net", "order_discounts_not_subtracted_from_groups", "before_redemption"),
    "proration": ("largest_remainder",),
}


class Customer(Form):
    """Who buys, with points and stored value."""

    id: Name = ""
    points: Whole = 0
    gift_cards: tuple[Whole, ...] = ()
    wallet: Whole = 0


class Condition(Form):
    """When a programme gives."""

    min_qty: Annotated[Int, Field(ge=0, le=9_999)] | None = None
    every_qty: Many | None = None
    min_amount: Amount | None = None
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
    value_bp: Annotated[Int, Field(ge=0, le=10_000)] | None = None
    value: Amount | None = None
    cap: Amount | None = None
    cap_basis: Basis | None = None
    max_units: Many | None = None
    max_units_per_line: Many | None = None
    group_size: Many = 1
    tiers_by_qty: dict[int, Whole] = {}
    count_groups: Names = ()
    count_products: Names = ()
    pick: Pick | None = None
    first: Amount | None = None
    additional: Amount | None = None
    qty: Many = 1
    per_qty: Many = 1
    free: Many = 1
    max_applications: Many | None = None
    product: Name | None = None
    choose_from: Names = ()
    delivery: Annotated[str, Field(pattern="added|basket")] = "added_free_unit"
    cost_points: Whole = 0
    count: Many = 1
    value_per_point: Annotated[Int, Field(ge=1, le=1_000_000_000)] = 1
    block: Many | None = None
    block_min: Whole = 0

    @model_validator(mode="after")
    def _as_its_type_says(self) -> Self:
        needed, others = _REWARDS[self.type]
        usual = {name: field.default for name, field in type(self).model_fields.items()} | {"pick": Pick.CHEAPEST}
        said = {name for name in self.model_fields_set if getattr(self, name) != usual[name]}
        missing = next((choice for choice in needed if not self.model_fields_set & choice), None)
        if missing:
            raise PydanticCustomError(
                "reward_without_value", "{type} needs {missing}", {"type": self.type, "missing": _either(missing)}
            )
        odd = said - _ANY_REWARD - others - {name for choice in needed for name in choice}
        if odd or (self.type == "price_list" and self.value is not None and self.value_bp is not None):
            odd = odd or {"value", "value_bp"}
            raise PydanticCustomError(
                "field_of_others", "{odd} can't be said here of {type}", {"type": self.type, "odd": _either(odd)}
            )
        if self.scope in _SCOPES and self.type not in _SCOPES[self.scope]:
            raise PydanticCustomError(
                "scope_of_others", "scope {scope} isn't one of {type}", {"scope": self.scope, "type": self.type}
            )
        return self


def _either(names: Iterable[str]) -> str:
    return " / ".join(sorted(names))


_ANY_REWARD = frozenset({"type", "scope", "products", "groups", "cost_points"})
_UNITS = frozenset({"max_units", "pick", "count_groups", "count_products"})
_VALUE, _SHARE = frozenset({"value", "tiers_by_qty"}), frozenset({"value_bp", "tiers_by_qty"})
_REWARDS: dict[str, tuple[tuple[frozenset[str], ...], frozenset[str]]] = {
    "percent_off": ((_SHARE,), _UNITS | {"cap", "cap_basis"}),
    "amount_off": ((_VALUE,), _UNITS),
    "amount_off_per_unit": ((_VALUE,), _UNITS | {"group_size", "max_units_per_line"}),
    "amount_off_first_then": (
        (frozenset({"first", "additional"}),), _UNITS | {"group_size", "max_units_per_line", "tiers_by_qty"}
    ),
    "bundle_price": ((frozenset({"qty"}), frozenset({"value"})), frozenset({"max_applications", "pick"})),
    "cheapest_free": ((frozenset({"per_qty"}),), frozenset({"free", "max_applications", "value_bp"})),
    "free_product": ((frozenset({"product", "choose_from"}),), frozenset({"qty", "delivery"})),
    "price_list": ((frozenset({"value", "value_bp"}),), frozenset()),
    "issue_coupon": ((), frozenset({"count"})),
    "points_redeem": ((frozenset({"value_per_point"}),), frozenset({"block", "block_min"})),
}  # fmt: skip
"""By the reward's type: of which fields each needs one, and what else it may say beside `_ANY_REWARD`."""
_SCOPES = {
    "each_line": frozenset({"amount_off"}),
    "cheapest_units": frozenset({"percent_off", "amount_off", "amount_off_per_unit", "amount_off_first_then"}),
}


class Earn(Form):
    """What a programme gives in points."""

    per: Literal["money", "unit", "order"]
    rate: Rate = Decimal(1)
    groups: Names = ()
    products: Names = ()
    split_per_unit: StrictBool = False
    to: Literal["new_gift_card"] | None = None


class CouponOf(Form):
    """The coupon of a programme: whose it is, and how often it may still be used."""

    owner: str | None = None
    code: Name | None = None
    uses: Whole | None = None
    used: Whole = 0
    uses_left: Whole | None = None
    valid_from_day: Int | None = None
    valid_to_day: Int | None = None

    @property
    def left(self) -> int:
        """Uses that are left; one where nothing is said."""
        if self.uses_left is not None:
            return self.uses_left
        return 1 if self.uses is None else max(0, self.uses - self.used)


class Programme(Form):
    """One programme."""

    id: Name
    trigger: Literal["auto", "code", "coupon", "claim"] = "auto"
    code: Name | None = None
    coupon: CouponOf = CouponOf()
    condition: Condition = Condition()
    reward: Reward | None = None
    earn: Earn | None = None
    stacking: Literal["one_order_discount", "best_per_line", "none"] = "none"
    valid_from_day: Int | None = None
    valid_to_day: Int | None = None

    @model_validator(mode="after")
    def _as_a_whole(self) -> Self:
        reward = self.reward
        if reward is None and self.earn is None:
            raise PydanticCustomError("gives_nothing", "reward or earn is missing")
        if reward is None:
            return self
        if reward.type == "price_list" and self.trigger != "auto":
            raise PydanticCustomError("list_started", "a price_list starts by itself")
        goods = {"products": reward.products + self.condition.products, "groups": reward.groups + self.condition.groups}
        if reward.scope in goods and not goods[reward.scope]:
            raise PydanticCustomError("scope_of_nothing", "reward: scope {scope} names none", {"scope": reward.scope})
        return self


class BasketLine(Form):
    """One line. The price is below zero where a discount was typed in by hand."""

    id: Name
    product: Name
    group: Name | None = None
    qty: Quantity = Decimal(1)
    unit_price: Annotated[Int, Field(ge=-MOST_MINOR, le=MOST_MINOR)]
    tax_bp: Annotated[Int, Field(ge=0, le=100_000)] = 0
    kind: Name = "goods"
    levy: Whole = 0


class Action(Form):
    """What is done, one after the other."""

    do: Literal["enter_code", "claim", "pay_gift_card", "pay_wallet", "price", "confirm", "refund", "refund_all"]
    code: Name = ""
    id: Name = ""
    product: Name | None = None
    points: Whole | None = None
    line: Name = ""
    qty: Quantity = Decimal(1)

    @model_validator(mode="after")
    def _of_what(self) -> Self:
        needed = {"enter_code": "code", "claim": "id", "refund": "line"}.get(self.do)
        if needed and not getattr(self, needed):
            raise PydanticCustomError("of_nothing", "{do} needs {needed}", {"do": self.do, "needed": needed})
        return self


class Case(Form):
    """A whole case. `expect` holds any of the figures that `told.py` gives."""

    id: Name
    settings: Settings = Settings()
    customer: Customer = Customer()
    programmes: tuple[Programme, ...] = ()
    basket: tuple[BasketLine, ...]
    actions: tuple[Action, ...] = ()
    expect: dict[str, Any] = {}

    @model_validator(mode="after")
    def _names_what_there_is(self) -> Self:
        programmes, lines = [each.id for each in self.programmes], [each.id for each in self.basket]
        for part, names in (("programmes", programmes), ("basket", lines)):
            for name in (name for name, count in Counter(names).items() if count > 1):
                raise PydanticCustomError("twice", "{part}: {name} is there twice", {"part": part, "name": name})
        named = [("settings.order", each, programmes) for each in self.settings.order]
        named += [(f"actions.{at}.id", act.id, programmes) for at, act in enumerate(self.actions) if act.do == "claim"]
        named += [(f"actions.{at}.line", act.line, lines) for at, act in enumerate(self.actions) if act.do == "refund"]
        for where, name, there in named:
            if name not in there:
                raise PydanticCustomError("unknown", "{where}: {name} isn't there", {"where": where, "name": name})
        return self
