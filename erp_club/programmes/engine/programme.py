"""A programme: all rules of one club in one document."""

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from erp_club.programmes.engine.earning import Counter, Earning
from erp_club.programmes.engine.levels import Entitlement, Levels
from erp_club.programmes.engine.membership import (
    Conversion,
    Fate,
    Fees,
    Household,
    Joining,
    LifetimeTerm,
    Renewal,
    Term,
)
from erp_club.programmes.engine.parts import (
    NOTHING,
    Days,
    Excluded,
    Keys,
    LongTexts,
    Number,
    Part,
    RuleCode,
    SomeMinor,
)
from erp_club.programmes.engine.rewards import Occasion, PeriodReward
from erp_club.programmes.engine.spending import Benefit, Charity, Expiry, Redemption, Returns
from erp_club.promotions.engine.scope import Texts

ClubCode = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9_-]{0,30}$")]


class Unit(Part):
    """What the account counts: points, stamps, crowns; in halves or tenths where `scale` says so.

    `one` is what a single one is called, where it has a word of its own.
    """

    names: Texts = {}
    one: Texts = {}
    scale: Literal[1, 2, 10, 100] = 1


class Channels(Part):
    """Where the club works: channels by name (`store`, `web`, …) for each action; stores by code, none named is all."""

    joining: Keys = ("store", "web")
    earning: Keys = ("store", "web")
    redeeming: Keys = ("store", "web")
    benefits: Keys = ("store", "web")
    stores: Keys = ()
    without_stores: Keys = ()


class Switch(Part):
    """What happens once when this version takes over, and the last days of what it ends."""

    effective_from: dt.date | None = None
    conversion: Conversion | None = None
    last_earning_day: dt.date | None = None
    last_redeeming_day: dt.date | None = None


class Wording(Part):
    """Free texts, by language; `%(name)s` and other placeholders stand for what the programme says."""

    presentation: LongTexts = {}
    terms: LongTexts = {}
    receipt: Texts = {}


class Undo(Part):
    """Within how many days an ending can be undone."""

    days: Days = 14


class Programme(Part):
    """A club's whole programme. `code` names the club for ever."""

    code: ClubCode
    names: Texts
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    unit: Unit = Unit()
    visit: Literal["receipt", "day"] = "receipt"
    """What a visit is: a receipt, or all receipts of a member in one store on one day."""
    joining: Joining = Joining()
    term: Term = LifetimeTerm()
    renewal: Renewal = Renewal()
    fees: Fees = Fees()
    undo: Undo = Undo()
    earning: Earning = Earning()
    counters: Annotated[tuple[Counter, ...], Field(max_length=10)] = ()
    levels: Levels | None = None
    entitlements: Annotated[tuple[Entitlement, ...], Field(max_length=50)] = ()
    redemption: Redemption | None = None
    benefits: Annotated[tuple[Benefit, ...], Field(max_length=200)] = ()
    charity: Charity | None = None
    rewards: Annotated[tuple[PeriodReward, ...], Field(max_length=30)] = ()
    occasions: Annotated[tuple[Occasion, ...], Field(max_length=50)] = ()
    double_benefits: bool = True
    """Whether several benefits may be used in one purchase."""
    most_discount_month: SomeMinor | None = None
    """The most that discounts of the club, whichever rule gives them, take off for a member in a calendar month, less
    what came back in it. Codes, gifts and points as money are no discounts here."""
    expiry: Expiry = Expiry()
    returns: Returns = Returns()
    lapse: Fate = Fate()
    end: Fate = Fate()
    channels: Channels = Channels()
    household: Household | None = None
    excluded: Excluded = NOTHING
    """Passed over by earning, by points as money and by benefits alike."""
    most_rewards: Number | None = None
    """How many rewards a member can hold unused: what comes while there are so many isn't given, and points that it
    would have taken stay. Gifts around a day come all the same."""
    switch: Switch = Switch()
    texts: Wording = Wording()

    @property
    def left_out(self) -> Excluded:
        """What counts nowhere: what the document passes over, and what membership costs."""
        products = {each for each in (self.fees.joining_product, self.fees.renewal_product) if each is not None}
        if not products:
            return self.excluded
        return self.excluded.model_copy(update={"products": (*self.excluded.products, *sorted(products))})

    @model_validator(mode="after")
    def _one_name_each(self) -> Self:
        named = [*self.earning.rules, *self.earning.events, *self.counters, *self.rewards, *self.occasions]
        codes: list[RuleCode] = [each.code for each in (*named, *self.benefits, *self.entitlements)]
        if len(set(codes)) < len(codes):
            twice = sorted({code for code in codes if codes.count(code) > 1})
            raise PydanticCustomError("code_twice", "these codes are used twice: {codes}", {"codes": ", ".join(twice)})
        return self
