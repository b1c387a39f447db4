"""What the engine is told: the basket, who buys, where and when, and the chain's policy. No database, no clock.

Groups, departments and brands are named; products are SKUs. Quantities are in thousandths, amounts in minor units as
the chain states its prices (with tax, or without).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol

from erp_club.kernel.money import Rounding
from erp_club.promotions.engine.rewards import PointsPer
from erp_club.promotions.engine.scope import EVERYTHING, Basis, Scope
from erp_club.promotions.engine.units import UNTOUCHED, Touched

NOTHING: Mapping[Any, Any] = MappingProxyType({})


def nothing() -> Mapping[Any, Any]:
    """The empty mapping that nobody can fill: a default that older Pythons take only from a function."""
    return NOTHING


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it was scanned. `unit_minor` is the regular price of one; below zero it was typed in by hand.

    `levy_minor` is a fixed charge on each unit, never discounted, told under tax. `reduced`: the product itself is sold
    below its regular price. `earns`: its product earns points.
    """

    id: str
    product: str
    quantity_milli: int
    unit_minor: int
    vat_bp: int = 0
    group: str | None = None
    department: str | None = None
    brand: str | None = None
    kind: str = "goods"
    levy_minor: int = 0
    reduced: bool = False
    earns: bool = True


@dataclass(frozen=True, slots=True)
class ListPrice:
    """An entry of a price list in force for this customer, here, today: a price, or a share off the regular price."""

    on: Scope = EVERYTHING
    price_minor: int | None = None
    off_bp: int | None = None
    always: bool = False
    """Whether it holds even where another price is lower."""
    list_code: str = ""


@dataclass(frozen=True, slots=True)
class Used:
    """How often an offer has been used, and what it has given, so far; by this customer where it says member.

    `shared_month_minor`: what all offers gave that share its ceiling of a month.
    """

    uses: int = 0
    today: int = 0
    given_minor: int = 0
    member: int = 0
    member_today: int = 0
    member_month: int = 0
    member_year: int = 0
    member_week: int = 0
    member_quarter: int = 0
    member_half_year: int = 0
    member_own_year: int = 0
    member_term: int = 0
    member_month_minor: int = 0
    shared_month_minor: int = 0


@dataclass(frozen=True, slots=True)
class PointsLimits:
    """What a club says of points as money, whichever offer takes them; in points, or hundredths of a percent.

    `closed`: they don't pay here and now; `not_theirs`: others of the household use them. `most` in one purchase,
    `left_today` under the ceiling of a day. The share is of what points may pay for: not goods of `without_groups` and
    `without_products`, nor at the price of one of `without_price_lists`, nor, unless `reduced`, those sold below their
    regular price, nor, unless `promoted`, units that an offer has touched. `whole_items`: no item is paid in part.
    `taxed`: they pay as money does, so that the tax is that of the goods before them.
    """

    closed: bool = False
    not_theirs: bool = False
    least_balance: int = 0
    least: int = 1
    step: int = 1
    most: int | None = None
    left_today: int | None = None
    most_bp: int = 10_000
    whole_items: bool = False
    reduced: bool = True
    promoted: bool = True
    taxed: bool = False
    without_price_lists: frozenset[str] = frozenset()
    without_groups: frozenset[str] = frozenset()
    without_products: frozenset[str] = frozenset()


NO_LIMITS = PointsLimits()


@dataclass(frozen=True, slots=True)
class Member:
    """A membership that holds today: level and spendable points of its account, and how these may pay.

    `gives`: its club's benefits hold where this is sold; `spends`: points can be used there, whatever for.
    """

    level: str | None = None
    points: int = 0
    paying: PointsLimits = NO_LIMITS
    gives: bool = True
    spends: bool = True
    joined_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Shopper:
    """A known customer. `birthday_in` is days to the nearest birthday, below zero for one just past.

    `born`, and `children`, are days of birth.
    """

    id: str
    clubs: Mapping[str, Member] = field(default_factory=nothing)
    segments: frozenset[str] = frozenset()
    birthday_in: int | None = None
    purchases: int = 0
    born: dt.date | None = None
    children: tuple[dt.date, ...] = ()


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon that was entered: whose batch it is, and whether it may be used by this customer now."""

    text: str
    batch: str | None = None
    fault: str | None = None
    """`not_owner`, `used_up`, `expired`, `not_yet_valid` or `unknown_code`; None where it can be used."""
    id: int = 0
    left_minor: int | None = None
    """The most that it still gives, where what is left of it can be used again; None is without that limit."""


@dataclass(frozen=True, slots=True)
class Claim:
    """An offer that the customer chose at the till: with the product of a free choice, or how many points."""

    offer: str
    product: str | None = None
    points: int | None = None


@dataclass(frozen=True, slots=True)
class EarningRule:
    """A club's own rule: `points` for each full `per_minor` paid (or per unit, or per order), on a scope.

    `scale`: points are counted in so many parts (10 = tenths), in balances and in what is earned.
    """

    club: str
    points: int
    per_minor: int = 100
    per: PointsPer = PointsPer.MONEY
    on: Scope = EVERYTHING
    scale: int = 1


@dataclass(frozen=True, slots=True)
class PaidFor:
    """A line with what was paid for it, and what it cost at the price list; `touched`: units that offers touched.

    `price_list` is the code of the list that made its price, where one did. `points_minor` is what points paid beside
    it; `uses_points`: points are used in the sale.
    """

    line: Line
    paid_minor: int
    before_minor: int
    reduced: bool = False
    touched: Touched = UNTOUCHED
    price_list: str = ""
    points_minor: int = 0
    uses_points: bool = False


class EarningPlan(Protocol):
    """How a club's whole programme earns, where one rate doesn't say it. Asked as often as the engine likes."""

    @property
    def club(self) -> str:
        """The club's code."""
        ...

    def earned(self, lines: Sequence[PaidFor]) -> tuple[Mapping[int, int], int]:
        """Points by the place of the line, and those that lie on none."""
        ...


class TaxOfDiscount(StrEnum):
    """Whether tax comes from the net line, or a discount is a negative line whose tax is rounded alone."""

    FROM_NET_LINE = "net_line"
    ROUNDED_ALONE = "rounded_alone"


class ThresholdCounts(StrEnum):
    """What amount conditions look at: price-list amounts, or what codes have left of them."""

    LIST = "list"
    AFTER_CODES = "after_codes"


class StackBase(StrEnum):
    """What a later percentage is of: what earlier offers have left, or the list amount (never more than is left)."""

    REMAINING = "remaining"
    LIST = "list"


class EarnBase(StrEnum):
    """What points are earned on: what was paid for the line; before points paid; or before discounts of the order."""

    PAID = "paid"
    BEFORE_REDEMPTION = "before_redemption"
    BEFORE_ORDER_DISCOUNTS = "before_order_discounts"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the chain has settled once for all sales."""

    prices_include_tax: bool = True
    tax_of_discount: TaxOfDiscount = TaxOfDiscount.FROM_NET_LINE
    amounts_basis: Basis = Basis.INCLUDING
    threshold_counts: ThresholdCounts = ThresholdCounts.LIST
    earn_base: EarnBase = EarnBase.PAID
    stack_base: StackBase = StackBase.REMAINING
    rounding: Rounding = Rounding.HALF_UP
    """Of percentages."""
    points_rounding: Rounding = Rounding.DOWN
    points_of_this_sale_usable: bool = False
    weighed_codes: tuple[str, ...] = ()
    """How the chain's scales write an item and its weight or price as a bar code (`catalogue.weighed`)."""
    deadline_ms: int = 50
    """How long the search for the best combination of overlapping offers may take."""


PRODUCT_POLICY = Policy()


@dataclass(frozen=True, slots=True)
class Facts:
    """One basket, here and now. `at` is the store's local time, without a zone; `sale_id` decides draws."""

    lines: tuple[Line, ...]
    at: dt.datetime
    shopper: Shopper | None = None
    price_lists: tuple[ListPrice, ...] = ()
    earning: tuple[EarningRule, ...] = ()
    plans: tuple[EarningPlan, ...] = ()
    """For clubs that earn by a programme; they have no rule beside it."""
    coupons: tuple[Coupon, ...] = ()
    """Codes and coupons as entered, in order; a code of an offer is a coupon without a batch."""
    claims: tuple[Claim, ...] = ()
    confirmed: frozenset[str] = frozenset()
    used: Mapping[str, Used] = field(default_factory=nothing)
    """By the offer's code; for offers with limits."""
    store: str = ""
    channel: str = "store"
    terminal: int | None = None
    means: tuple[str, ...] = ()
    """What will be paid with, where that is known yet."""
    sale_id: str = ""
    products: Mapping[str, Line] = field(default_factory=dict[str, Line])
    """What an added gift, or what completes a bundle, is: a line by SKU, of which the quantity isn't looked at."""
    missing: frozenset[str] = frozenset()
    """Those (SKU) that the catalogue hasn't, and which so can't be added."""
    policy: Policy = PRODUCT_POLICY
