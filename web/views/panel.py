"""All that a till shows of a customer."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from pydantic import BaseModel

from erp_club.birthday.plans.queries import held_gifts
from erp_club.birthday.windows import nearest
from erp_club.clubs.queries import MembershipRow, clubs_to_join, memberships
from erp_club.points.queries import standings
from erp_club.points.units import Unit
from erp_club.programmes.engine.places import Doing
from erp_club.programmes.queries import clubs_not_doing, joining_lengths
from erp_club.promotions.coupons.issued.queries import CouponFilters, Standing, listing
from erp_club.purchases.baskets import queries
from erp_club.purchases.baskets.pricing import next_benefits_of
from erp_club.purchases.explained import Told
from erp_club.purchases.next_benefit import NextBenefit
from erp_club.purchases.places import where_of
from erp_club.segments.saved import of_customer
from web.coupon_entry import place_of
from web.deps import Act
from web.views.ahead import RewardAheadView, ahead_of
from web.views.clubs import Standing as MembershipStanding
from web.views.clubs import standing
from web.views.earned import EarnedBy, earned_by
from web.views.entitlements import EntitlementView, entitlements_view
from web.views.households import PanelHousehold, panel_household
from web.views.levels import NONE as NO_LEVELS
from web.views.levels import LevelView, UpgradeView, levels_view

MOST_COUPONS = 6
"""So many coupons the till shows, the oldest first."""
NEAR = 14
"""So many days before and after it the till speaks of a birthday."""
NOTHING: Mapping[str, int] = MappingProxyType({})
NO_RULES: Mapping[str, Sequence[Told]] = MappingProxyType({})
NONE_NEXT: Mapping[str, NextBenefit] = MappingProxyType({})


class PanelBenefit(BaseModel):
    """What the points of a membership are too few for, by so many."""

    offer: str
    names: dict[str, str]
    missing: int


class PanelMembership(BaseModel):
    """A membership of the customer. `earns` is what this sale adds; `renewable`: it ended or ends soon.

    All points are parts of `unit`.

    Of its points `available` can be used now and `pending` later; `next_points` can be used until `next_day`, included.
    """

    membership_id: int
    names: dict[str, str]
    tone: str
    state: MembershipStanding
    state_on: dt.date | None
    valid_until: dt.date | None
    next_from: dt.date | None
    balance: int
    available: int
    pending: int
    debt: int
    frozen: bool
    next_points: int
    next_day: dt.date | None
    worth_minor: int
    currency: str
    unit: Unit
    earns: int
    renewable: bool
    next_benefit: PanelBenefit | None
    rewards: list[RewardAheadView]
    level: LevelView | None
    upgrades: list[UpgradeView]
    earned_by: list[EarnedBy]
    household: PanelHousehold | None


class LengthView(BaseModel):
    """Another length of a membership that may be chosen when joining, and what joining costs for it."""

    months: int
    joining_minor: int


class PanelClub(BaseModel):
    """A club that the customer can join, for its usual length or another one of choice."""

    club_id: int
    names: dict[str, str]
    lengths: list[LengthView] = []


class PricedClub(PanelClub):
    """The same with what joining costs there."""

    joining_minor: int


class PanelCoupon(BaseModel):
    """A coupon of the customer's own that can be used today; `last_day` is included."""

    code: str
    names: dict[str, str]
    last_day: dt.date | None


class PanelGift(BaseModel):
    """What a birthday plan gave and can be used from `first_day` to `last_day`; a coupon is used by its code.

    `automatic`: the till enters it as soon as the customer is known.
    """

    names: dict[str, str]
    first_day: dt.date
    last_day: dt.date
    code: str | None
    amount_minor: int | None
    automatic: bool


class PanelPurchase(BaseModel):
    """One of the last purchases."""

    receipt_id: int
    sold_on: dt.date
    store: str
    total_minor: int


class Panel(BaseModel):
    """All that the till shows of a customer."""

    customer_id: int
    number: str
    given_name: str
    family_name: str
    mobile: str | None
    city: str | None
    card: str | None
    memberships: list[PanelMembership]
    clubs: list[PanelClub]
    coupons: list[PanelCoupon]
    birthday_in: int | None
    """Days to the nearest birthday where that is within two weeks, below zero for one just past."""
    gifts: list[PanelGift]
    recent: list[PanelPurchase]
    entitlements: list[EntitlementView]
    segments: list[str]

    @property
    def name(self) -> str:
        """Given and family name."""
        return f"{self.given_name} {self.family_name}".strip()


def panel_view(
    act: Act,
    customer_id: int,
    *,
    earns: Mapping[str, int] = NOTHING,
    benefits: Mapping[str, NextBenefit] | None = None,
    points_by: Mapping[str, Sequence[Told]] = NO_RULES,
) -> Panel:
    """A customer as the till shows them. `earns` is what the sale adds, `benefits` what comes next, by the club's code;
    without these it is looked up, at a till. Raises NotFound `customer-unknown`.
    """
    buyer = queries.buyer(act.session, customer_id)
    benefits = _next_benefits(act, customer_id) if benefits is None else benefits
    held = memberships(act.session, customer_id, today=act.today)
    levels = levels_view(act, customer_id, held, on=act.today, sold_at=where_of(act.identity.terminal))
    closed = clubs_not_doing(act.session, Doing.JOINING, where_of(act.identity.terminal), on=act.today)
    points = standings(act.session, [row.points_account_id for row in held], on=act.today)
    return Panel(
        customer_id=buyer.customer_id,
        number=buyer.number,
        given_name=buyer.given_name,
        family_name=buyer.family_name,
        mobile=buyer.mobile,
        city=buyer.city,
        card=buyer.card,
        memberships=[
            PanelMembership(
                membership_id=row.membership_id,
                names=row.names,
                tone=row.tone,
                state=standing(row, act.today),
                valid_until=row.valid_until,
                next_from=row.next_from,
                balance=row.balance,
                available=points[row.points_account_id].available,
                pending=points[row.points_account_id].pending,
                debt=points[row.points_account_id].debt,
                frozen=points[row.points_account_id].frozen,
                next_points=points[row.points_account_id].next_points,
                next_day=points[row.points_account_id].next_day,
                worth_minor=row.worth_minor,
                currency=row.currency,
                unit=row.unit,
                earns=earns.get(row.code, 0),
                state_on=row.state_on,
                renewable=_renewable(row, closed, act.today),
                next_benefit=_next(benefits.get(row.code)),
                rewards=ahead_of(act, row, on=act.today),
                level=levels.get(row.membership_id, NO_LEVELS).level,
                upgrades=levels.get(row.membership_id, NO_LEVELS).upgrades,
                earned_by=earned_by(points_by.get(row.code, ())),
                household=panel_household(act, row.membership_id, row.club_id),
            )
            for row in held
        ],
        clubs=_clubs(act, customer_id, closed),
        coupons=_coupons(act, customer_id),
        birthday_in=_birthday_in(buyer.birthday, act.today),
        gifts=_gifts(act, customer_id),
        recent=recent_of(act, customer_id),
        entitlements=entitlements_view(act, customer_id, where=where_of(act.identity.terminal)),
        segments=of_customer(act.session, customer_id, at_till=True),
    )


def _next_benefits(act: Act, customer_id: int) -> Mapping[str, NextBenefit]:
    if act.identity.terminal is None:
        return NONE_NEXT
    return next_benefits_of(act.session, customer_id, place_of(act, act.now))


def _clubs(act: Act, customer_id: int, closed: Collection[int]) -> list[PanelClub]:
    open_here = [club for club in clubs_to_join(act.session, customer_id) if club.id not in closed]
    lengths = joining_lengths(act.session, on=act.today) if open_here else {}
    return [PanelClub(club_id=club.id, names=club.names, lengths=lengths_view(lengths, club.id)) for club in open_here]


def lengths_view(lengths: Mapping[int, Mapping[int, int]], club_id: int) -> list[LengthView]:
    """The lengths that a club lets one choose when joining, the shortest first."""
    return [LengthView(months=months, joining_minor=minor) for months, minor in lengths.get(club_id, {}).items()]


def _renewable(row: MembershipRow, closed: Collection[int], today: dt.date) -> bool:
    near = standing(row, today) in {"ends_soon", "expired"} and row.last_day is not None and row.next_from is None
    return near and row.club_id not in closed


def _coupons(act: Act, customer_id: int) -> list[PanelCoupon]:
    rows = listing(act.session, _usable(act, customer_id), descending=False, offset=0, limit=MOST_COUPONS)
    return [PanelCoupon(code=row.code, names=dict(row.names), last_day=row.last_day) for row in rows]


def recent_of(act: Act, customer_id: int) -> list[PanelPurchase]:
    """The customer's last purchases."""
    return [
        PanelPurchase(receipt_id=row.receipt_id, sold_on=row.sold_on, store=row.store, total_minor=row.total_minor)
        for row in queries.recent_purchases(act.session, customer_id)
    ]


def _next(benefit: NextBenefit | None) -> PanelBenefit | None:
    if benefit is None:
        return None
    return PanelBenefit(offer=benefit.offer, names=dict(benefit.names), missing=benefit.missing)


def _gifts(act: Act, customer_id: int) -> list[PanelGift]:
    found = held_gifts(act.session, customer_id, today=act.today)
    return [PanelGift.model_validate(each, from_attributes=True) for each in found]


def _birthday_in(born: dt.date | None, today: dt.date) -> int | None:
    days = None if born is None else nearest(born, today)
    return days if days is not None and abs(days) <= NEAR else None


def _usable(act: Act, customer_id: int) -> CouponFilters:
    return CouponFilters(act.today, act.now, customer_id=customer_id, standing=Standing.OPEN)
