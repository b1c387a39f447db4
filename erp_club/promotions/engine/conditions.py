"""When an offer holds: a tree of all, any and not, whose leaves are told apart by the field that only they have."""

import datetime as dt
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from erp_club.promotions.engine.dates import ListOfDays
from erp_club.promotions.engine.scope import Basis, Count, Key, Minor, Part, Question, Scope, Texts


class QuantityIs(Part):
    """At least so many units of a scope; with `every`, the offer gives once for each so many."""

    quantity: Count
    of: Scope | None = None
    every: bool = False


class AmountIs(Part):
    """The scope comes to at least this much at price-list prices; with `every`, once for each so much.

    `shared`: of several coupons that start the offer one is used for each so much, else each of them so often.
    """

    amount_minor: Minor
    of: Scope | None = None
    basis: Basis = Basis.INCLUDING
    every: bool = False
    shared: bool = False

    @model_validator(mode="after")
    def _shared_with_every(self) -> Self:
        if self.shared and not self.every:
            raise PydanticCustomError("shared_with_every", "shared goes with every")
        return self


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


class DateIs(Part):
    """On one of these days: once (2027-04-21), of every year (12-24) or month (15), or of a range (12-20/01-06)."""

    dates: Annotated[ListOfDays, Field(min_length=1)]


def _by_the_stores_clock(time: dt.time) -> dt.time:
    if time.tzinfo is not None:
        raise PydanticCustomError("time_with_offset", "a time by the store's clock has no offset")
    return time


StoreTime = Annotated[dt.time, AfterValidator(_by_the_stores_clock)]


class HourIs(Part):
    """From `from_time` on and before `to_time`, over midnight where that is the earlier one; by the store's clock."""

    from_time: StoreTime
    to_time: StoreTime


class MeansIs(Part):
    """Paid with one of these means; while pricing before payment, only what the till says will be used.

    Where several means pay, one of them is enough; `alone`: none but these may pay.
    """

    means: Annotated[tuple[Key, ...], Field(min_length=1, max_length=20)]
    alone: bool = False


class ClubIs(Part):
    """A member, today, of one of these clubs (at one of these levels)."""

    clubs: Annotated[tuple[Key, ...], Field(min_length=1, max_length=100)]
    levels: Annotated[tuple[Key, ...], Field(max_length=100)] = ()


class MemberSince(Part):
    """A member of this club for so many days at least, and at most, counted from the day of joining (0)."""

    member_of: Key
    from_days: Annotated[int, Field(ge=0, le=36_600)] = 0
    to_days: Annotated[int, Field(ge=0, le=36_600)] | None = None


class SegmentIs(Part):
    """In one of these segments."""

    segments: Annotated[tuple[Key, ...], Field(min_length=1, max_length=1_000)]


class BirthdayIs(Part):
    """The birthday is at most so many days ahead, or so many days past; 29 February is celebrated every year."""

    days_before: Annotated[int, Field(ge=0, le=180)]
    days_after: Annotated[int, Field(ge=0, le=180)] = 0


class CelebratesIs(Part):
    """The sale is in the calendar week (from Monday), or the month, of the customer's birthday."""

    celebrates: Literal["week", "month"]


class AgeIs(Part):
    """The customer, or a child of theirs, is so old on the day of the sale; whose birthday isn't known isn't."""

    from_age: Annotated[int, Field(ge=0, le=150)]
    to_age: Annotated[int, Field(ge=0, le=150)] | None = None
    of: Literal["customer", "child"] = "customer"


class PurchaseNumberIs(Part):
    """This is the customer's purchase number `first` to `last` (without end for None): 1 and 1 is the first ever."""

    first: Annotated[int, Field(ge=1, le=1_000_000)]
    last: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class CustomerKnown(Part):
    """Whether a customer is identified."""

    customer_known: bool


class Confirmed(Part):
    """Something that the cashier confirms, such as a party of two; `confirm` names it, the texts ask for it."""

    confirm: Question
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
    "channels": ChannelIs, "terminals": TerminalIs, "weekdays": DayIs, "dates": DateIs, "from_time": HourIs,
    "means": MeansIs, "clubs": ClubIs, "segments": SegmentIs, "days_before": BirthdayIs, "celebrates": CelebratesIs,
    "from_age": AgeIs, "member_of": MemberSince, "first": PurchaseNumberIs,
    "customer_known": CustomerKnown, "confirm": Confirmed,
}  # fmt: skip


def _which(condition: Any) -> str | None:
    """The field that only this kind of condition has, which tells them apart."""
    if isinstance(condition, dict):
        return next((name for name in _CONDITIONS if name in condition), None)
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
    | Annotated[DateIs, Tag("dates")]
    | Annotated[HourIs, Tag("from_time")]
    | Annotated[MeansIs, Tag("means")]
    | Annotated[ClubIs, Tag("clubs")]
    | Annotated[SegmentIs, Tag("segments")]
    | Annotated[BirthdayIs, Tag("days_before")]
    | Annotated[CelebratesIs, Tag("celebrates")]
    | Annotated[AgeIs, Tag("from_age")]
    | Annotated[MemberSince, Tag("member_of")]
    | Annotated[PurchaseNumberIs, Tag("first")]
    | Annotated[CustomerKnown, Tag("customer_known")]
    | Annotated[Confirmed, Tag("confirm")],
    Discriminator(_which, custom_error_type="condition_unknown", custom_error_message="This is no condition."),
]
