"""What an offer is: the JSON that head office writes, the form edits, and the engine compiles.

One document holds what the offer gives (`rewards`), when (`when`), how it is started (`activation`), beside which
others it may stand (`combination`) and how often (`limits`). Its JSON schema is published; unknown fields are refused.
Amounts are in minor units and, unless a field says otherwise, include tax; rates are in basis points (1000 = 10 %);
days and hours are the store's, first and last day included.
"""

import datetime as dt
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from erp_club.promotions.engine.conditions import All, Condition
from erp_club.promotions.engine.rewards import Points, Redeem, Reward
from erp_club.promotions.engine.scope import MOST_MINOR, MOST_USES, Code, Count, Key, Keys, Part, Texts


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
    """When a stackable offer has its turn. The price list comes before all; points as money that say none after all."""

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
    untouched: bool = False
    """Only on units from which no other offer has taken anything: it has its turn after those. Others that are for
    untouched units don't count."""
    without_price_lists: Keys = ()
    """Not on units whose price is that of one of these lists, by their codes."""

    @property
    def passes_over(self) -> bool:
        """Whether it passes over units for what else lowers them."""
        return self.untouched or bool(self.without_price_lists)

    @model_validator(mode="after")
    def _of_an_order(self) -> Self:
        if self.passes_over and self.mode is Mode.EXCLUSIVE and self.per is not Per.ORDER:
            raise PydanticCustomError(
                "passes_over", "untouched and without_price_lists go with stackable offers and those for the order"
            )
        return self


Uses = Annotated[int, Field(ge=1, le=MOST_USES)]


class Limits(Part):
    """How often and how much: None is without limit. `per_member_*` need a known customer."""

    uses: Uses | None = None
    uses_per_day: Uses | None = None
    per_member: Uses | None = None
    per_member_day: Uses | None = None
    per_member_week: Uses | None = None
    """From Monday to Sunday."""
    per_member_month: Uses | None = None
    per_member_quarter: Uses | None = None
    per_member_half_year: Uses | None = None
    per_member_year: Uses | None = None
    per_member_own_year: Uses | None = None
    """In the year that begins with each anniversary of joining `of_club`."""
    per_member_term: Uses | None = None
    """In the term of the membership in `of_club`: each renewal begins another one."""
    of_club: Key | None = None
    whole_day: bool = False
    """All that a member buys with it on one day is one use: a day of the member's own choosing."""
    per_basket: Count | None = None
    budget_minor: Annotated[int, Field(ge=1, le=MOST_MINOR)] | None = None
    member_month_minor: Annotated[int, Field(ge=1, le=MOST_MINOR)] | None = None
    """The most that it takes off for a member in a calendar month, less what came back in it: then it gives less."""
    shared_month_minor: Annotated[int, Field(ge=1, le=MOST_MINOR)] | None = None
    """The most that all offers of the name `shared_as` take off for a member in a calendar month, in the same way."""
    shared_as: Key | None = None

    @model_validator(mode="after")
    def _shared(self) -> Self:
        if (self.shared_month_minor is None) != (self.shared_as is None):
            raise PydanticCustomError("shared_as", "shared_month_minor goes with shared_as")
        if self.by_membership != (self.of_club is not None):
            raise PydanticCustomError("of_club", "of_club goes with per_member_own_year and per_member_term")
        return self

    @property
    def by_membership(self) -> bool:
        """Whether uses are counted by days of the member's own."""
        return self.per_member_own_year is not None or self.per_member_term is not None

    @property
    def by_month(self) -> bool:
        """Whether it takes off only so much for a member in a month."""
        return self.member_month_minor is not None or self.shared_month_minor is not None

    @property
    def counted(self) -> bool:
        """Whether uses must be counted over sales."""
        return any(value is not None for name, value in self if name not in {"per_basket", "whole_day"})


NO_LIMITS = Limits()


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
    limits: Limits = NO_LIMITS
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    receipt_message: Texts = {}
    till_message: Texts = {}
    hint: bool = True
    """Whether the till tells what is missing for it."""

    @property
    def points_club(self) -> str | None:
        """The first club that it names for points: those that it costs, pays with or gives."""
        clubs = (self.activation.club, *(each.club for each in self.rewards if isinstance(each, Points | Redeem)))
        return next((each for each in clubs if each is not None), None)
