"""An offer that is ready for pricing: the slim record that a document is compiled into."""

import datetime as dt
from dataclasses import dataclass, field

from erp_club.promotions.engine.gates import Gate, Times
from erp_club.promotions.engine.give import Reward
from erp_club.promotions.engine.offer import Limits, Offer, Per, Start
from erp_club.promotions.engine.priced import Reason, Refusal
from erp_club.promotions.engine.rewards import Amount, Bundle, BuyGet, FixedPrice, Percent, Points
from erp_club.promotions.engine.rewards import Reward as RewardDocument
from erp_club.promotions.engine.scopes import Counted
from erp_club.promotions.engine.shaping import Shaping

ITEM, BASKET, CODE, POINTS = range(4)
Refused = tuple[Reason, int | None, str | None]
"""Why, what is missing, and which offer gave more."""
_KEPT = 64
"""How many refusals of an offer are kept to be told again."""


@dataclass(frozen=True, slots=True)
class Published:
    """An offer as it is in force, and which version of it."""

    offer: Offer
    version: int = 1


@dataclass(slots=True, eq=False)
class Part:
    """One reward, compiled: what it gives, and the scopes that it takes from."""

    give: Reward
    document: RewardDocument
    scopes: tuple[int, ...]
    club: str | None = None
    """Of the points that it uses."""
    slots: tuple[tuple[int, int], ...] = ()
    """Where it forms sets of units: the scopes of which it takes so many for each, `free` of them for nothing."""
    free: int = 0


@dataclass(slots=True, eq=False)
class Ready:
    """An offer that is ready for pricing."""

    code: str
    version: int
    offer: Offer
    parts: tuple[Part, ...]
    earnings: tuple[tuple[Points, int], ...]
    """Rewards in points, each with the scope that it looks at."""
    redeems: bool
    """Whether it is points as money."""
    gates: tuple[Gate, ...]
    times: tuple[Times, ...]
    shared: tuple[Times, ...]
    needed: tuple[Counted, ...]
    uses_needed: bool
    """Whether units that fulfil its condition are used by that."""
    asked: tuple[int, ...]
    """The scopes that its conditions ask about."""
    touches: tuple[int, ...]
    start: Start
    points: int
    club: str | None
    competes: bool
    """Whether it is decided together with the other offers of its exclusive group."""
    group: str
    per: Per
    priority: int
    stage: int
    turn: tuple[object, ...]
    """Its place among stackable offers."""
    shaping: Shaping | None
    """How it takes its shape when it competes for units."""
    bounded: bool
    """Whether something of its own bounds what it gives: limits, points, or what started it."""
    limits: Limits | None
    by_month: bool
    """Whether it takes off only so much for a member in a month."""
    shared_as: str | None
    """The name under which others share its ceiling of a month."""
    first_day: dt.date | None
    last_day: dt.date | None
    hint: bool
    over_order: bool
    """Whether its reward is for the whole order and not for named goods."""
    whole: bool
    """Whether it takes so much off all goods together, and nothing of one line that it wouldn't of another."""
    other_lines_first: bool
    passes_over: bool
    """Whether it passes over units for what else lowers them, and so takes none from others."""
    again: BuyGet | Bundle | Percent | Amount | FixedPrice | None
    """What is given again and again without a limit, so that a few units more are worth a hint."""
    behind: list["Ready"] = field(default_factory=list["Ready"])
    """Offers that it beats whenever it holds."""
    beaten: tuple[Refusal, ...] = ()
    """What is said about those when it holds."""
    refusals: dict[Refused, Refusal] = field(default_factory=dict[Refused, Refusal])

    def refuse(self, reason: Reason, missing: int | None = None, by: str | None = None) -> Refusal:
        """The refusal, made once for each reason."""
        key = (reason, missing, by)
        known = self.refusals.get(key)
        if known is None:
            if len(self.refusals) > _KEPT:
                self.refusals.clear()
            known = self.refusals[key] = Refusal(self.code, reason, missing, by)
        return known
