"""What the engine answers: a priced basket, and for every offer that could touch it why it did or didn't."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeVar, cast

from erp_club.promotions.engine.scope import Scope

T = TypeVar("T")


class Made(Protocol):
    """Makes a named tuple of all its fields, in order."""

    def __call__(self, kind: type[T], fields: tuple[object, ...], /) -> T:
        """The tuple."""
        ...


made = cast("Made", tuple[object, ...].__new__)
"""In half the time of a call by name, for those that each basket has dozens of."""


class Reason(StrEnum):
    """Why an offer doesn't give anything here. The value is what JSON says; words are made above."""

    MIN_AMOUNT = "min_amount"
    MIN_QUANTITY = "min_qty"
    NOT_MEMBER = "not_member"
    WRONG_LEVEL = "wrong_level"
    NOT_IN_SEGMENT = "not_in_segment"
    CUSTOMER_NEEDED = "customer_needed"
    CUSTOMER_KNOWN = "customer_known"
    WRONG_STORE = "wrong_store"
    WRONG_CHANNEL = "wrong_channel"
    WRONG_TERMINAL = "wrong_terminal"
    WRONG_DAY = "wrong_day"
    WRONG_HOUR = "wrong_hour"
    WRONG_MEANS = "wrong_means"
    MEANS_BESIDE = "means_beside"
    """One of its means pays, but another does beside it."""
    NOT_BIRTHDAY = "not_birthday"
    WRONG_AGE = "wrong_age"
    NO_SUCH_CHILD = "no_such_child"
    WRONG_LENGTH = "wrong_length"
    """Of membership: too short, or too long."""
    WRONG_PURCHASE_NUMBER = "wrong_purchase_number"
    NOT_CONFIRMED = "not_confirmed"
    MEMBER = "member"
    THIS_LEVEL = "this_level"
    BIRTHDAY = "birthday"
    TOO_MANY = "too_many"
    TOO_MUCH = "too_much"
    """Those five: a negated condition on the club, its level, the birthday, units or the amount holds."""
    EXCLUDED = "excluded"
    """Several negated conditions hold together, or one that the cashier confirmed."""
    CODE_NEEDED = "code_needed"
    NOT_CHOSEN = "not_chosen"
    NOT_OWNER = "not_owner"
    USED_UP = "used_up"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    UNKNOWN_CODE = "unknown_code"
    NOT_ENOUGH_POINTS = "not_enough_points"
    POINTS_BALANCE = "points_balance"
    """The balance is lower than the club wants before any are used."""
    POINTS_CLOSED = "points_closed"
    POINTS_NOT_THEIRS = "points_not_theirs"
    """The club's points don't pay here and now."""
    POINTS_EXCLUDED = "points_excluded"
    """Nothing in the basket may be paid with points."""
    POINTS_LEAST = "points_least"
    """The basket takes fewer points than must be used at once."""
    POINTS_OF_DAY = "points_of_day"
    """The ceiling of the day is reached."""
    POINTS_WHOLE_ITEM = "points_whole_item"
    """They don't pay any item wholly."""
    PRODUCT_NOT_IN_CHOICE = "product_not_in_choice"
    GIFT_MISSING = "gift_missing"
    """The catalogue has no such product as it would add."""
    NO_GOODS = "no_goods"
    """Nothing in the basket is what it is about. It is told on request only."""
    NO_GAIN = "no_gain"
    PASSED_OVER = "passed_over"
    """All that it is for has another offer, or the price of a list that it passes over."""
    BEATEN = "beaten"
    NOT_BETTER_THAN_ORDER_DISCOUNT = "not_better_than_applied_order_discount"
    NOT_BETTER_ON_LINE = "not_better_on_line"


class Share(NamedTuple):
    """What an offer took off one line, and of how many of its units (in thousandths)."""

    line: str
    amount_minor: int
    units_milli: int


class Applied(NamedTuple):
    """What an offer gave. `times`: how often it counts against its limits; `points_used`: what it cost the customer."""

    offer: str
    amount_minor: int
    shares: tuple[Share, ...] = ()
    times: int = 1
    units_used: int = 0
    free_units: int = 0
    points_used: int = 0
    points: int = 0
    coupon: str | None = None
    """The text of the coupon that started it."""
    coupons_issued: int = 0
    batch: str | None = None
    """Of the coupons that it issues."""
    version: int = 1
    """Of the offer, as it was published."""
    points_club: str | None = None
    """Whose points were used."""


class Refusal(NamedTuple):
    """Why an offer gave nothing. `missing`: units, minor units or points; `beaten_by`: the offer that gave more."""

    offer: str
    reason: Reason
    missing: int | None = None
    beaten_by: str | None = None


class Pending(NamedTuple):
    """An offer that waits for a choice among these products."""

    offer: str
    choices: tuple[str, ...]


class Hint(NamedTuple):
    """So many more units, or so much more, and the offer gives `gain_minor` more (None where that isn't known).

    `goods`: of what so many units are missing, where not anything will do; 0 where it is an amount.
    """

    offer: str
    kind: str
    missing: int
    gain_minor: int | None = None
    goods: tuple[tuple[Scope, int], ...] = ()


class PricedLine(NamedTuple):
    """A line as it is paid, levy and tax included in `total_minor`.

    `list_minor` is at the price list in force; `regular_minor` without any. Discount and points lie on the line's units
    evenly (`kernel.money.allocate`, odd units first), so that what some of them are returned with is exact.
    """

    id: str
    product: str
    quantity_milli: int
    regular_minor: int
    list_minor: int
    discount_minor: int
    total_minor: int
    tax_minor: int
    levy_minor: int = 0
    points: int = 0
    list_code: str = ""
    added_by: str | None = None
    """The offer whose gift this line is."""


class EarnedPoints(NamedTuple):
    """What one rule or offer gives in a club, in the account's scale; `lines` sums to it (order points lie on none)."""

    club: str
    points: int
    lines: tuple[tuple[str, int], ...] = ()
    offer: str | None = None


@dataclass(frozen=True, slots=True)
class Priced:
    """A priced basket. `total_minor` is what the customer owes before means of payment and cash rounding."""

    lines: tuple[PricedLine, ...]
    regular_minor: int
    list_minor: int
    discount_minor: int
    total_minor: int
    tax_minor: int
    applied: tuple[Applied, ...]
    refused: tuple[Refusal, ...]
    pending: tuple[Pending, ...]
    hints: tuple[Hint, ...]
    earned: tuple[EarnedPoints, ...]
    points_used: int
    proof: str = "proved"
    """`proved`: no better combination exists. `time_limit`: the best that was found in time."""
