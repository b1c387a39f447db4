"""A basket with its price, and what people and receipts need to know beside it. Pure."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from erp_club.catalogue.kinds import ProductKind
from erp_club.clubs.earning.account import Earning
from erp_club.points.units import POINTS, Unit, only
from erp_club.promotions.engine.facts import Coupon
from erp_club.promotions.engine.lacking import Goods
from erp_club.promotions.engine.priced import Priced
from erp_club.purchases.redeeming import PointsWanted, Redeemable
from erp_club.purchases.spending import Spending


@dataclass(frozen=True, slots=True)
class Product:
    """A product of the basket; `price_minor` is the regular price of one."""

    id: int
    sku: str
    name: str
    price_minor: int
    vat_bp: int
    earns: bool
    kind: str = ProductKind.GOODS.value


@dataclass(frozen=True, slots=True)
class OfferNote:
    """What is said of an offer, in the version that priced the basket; `by_cashier`: the cashier gives it."""

    version: int
    names: dict[str, str]
    receipt_message: dict[str, str] = field(default_factory=dict[str, str])
    till_message: dict[str, str] = field(default_factory=dict[str, str])
    by_cashier: bool = False
    club: str | None = None
    """Whose points it gives or takes, where it names a club."""


@dataclass(frozen=True, slots=True)
class Missed:
    """What the same basket would have cost less for a member of the club that gives most."""

    club: str
    club_id: int
    names: dict[str, str]
    amount_minor: int


@dataclass(frozen=True, slots=True)
class PricedBasket:
    """A basket with its price. Lines are numbered from 1 as they were asked; gifts that offers add come after them.

    `accounts`: what the sale may earn in, by the club's code. `started`: the offers that a coupon or code which was
    entered could start.
    """

    customer_id: int
    priced: Priced
    products: dict[str, Product]
    offers: dict[str, OfferNote]
    accounts: dict[str, Earning]
    coupons: tuple[Coupon, ...] = ()
    started: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    missed: Missed | None = None
    redeemable: tuple[Redeemable, ...] = ()
    wanted: tuple[PointsWanted, ...] = ()
    lacking: Mapping[str, Goods] = field(default_factory=dict[str, Goods])
    """Of which goods what offers lack is, by the offer's code."""

    @property
    def products_of_lines(self) -> list[Product]:
        """The product of each line, gifts included."""
        return [self.products[line.product] for line in self.priced.lines]

    def unit_of(self, offer: str) -> Unit:
        """In what the points of an offer are told: by the club that it names, else the only unit of all accounts."""
        note = self.offers.get(offer)
        if note is not None and note.club in self.accounts:
            return self.accounts[note.club].unit
        return only(each.unit for each in self.accounts.values()) or POINTS

    @property
    def points_by_club(self) -> dict[str, int]:
        """What the sale earns in each club, where that is anything, in the order of the clubs' codes."""
        points: dict[str, int] = defaultdict(int)
        for each in self.priced.earned:
            points[each.club] += each.points
        return {club: points[club] for club in sorted(points) if points[club] > 0 and club in self.accounts}

    @property
    def spent_by_club(self) -> dict[str, int]:
        """What offers cost in points, and what points pay, by club."""
        points: dict[str, int] = defaultdict(int)
        for each in self.priced.applied:
            if each.points_used and each.points_club is not None:
                points[each.points_club] += each.points_used
        return dict(points)

    @property
    def given_by_cashier_minor(self) -> int:
        """What offers take off that the cashier has chosen to give."""
        given = [
            each for each in self.priced.applied if each.offer in self.offers and self.offers[each.offer].by_cashier
        ]
        return sum(each.amount_minor for each in given)

    @property
    def spending(self) -> list[Spending]:
        """The accounts that the sale adds to or takes from, with how many points."""
        spent, earned = self.spent_by_club, dict(self.points_by_club)
        return [
            Spending(account, spent.get(club, 0), earned.get(club, 0))
            for club, account in sorted(self.accounts.items())
            if club in spent or club in earned or account.counts_purchases
        ]

    @property
    def earning(self) -> list[tuple[Earning, int]]:
        """The accounts that the sale adds to and how many points, with those for which every purchase counts."""
        points = self.points_by_club
        return [
            (account, points.get(club, 0))
            for club, account in sorted(self.accounts.items())
            if club in points or account.counts_purchases
        ]
