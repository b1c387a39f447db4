# REQ P-16, M-13, O-05: what a club takes off goods that something else has lowered, and how often in a member's year
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.models import Membership
from erp_club.kernel.errors import Conflict
from erp_club.permissions.actors import SYSTEM
from erp_club.promotions.engine.facts import Claim
from erp_club.promotions.engine.priced import Applied
from erp_club.promotions.uses.commands import count_uses
from erp_club.purchases.asked import Asked
from erp_club.purchases.commands import sell
from erp_club.purchases.fees.joining import Day
from erp_club.purchases.fees.unsold import renew
from erp_club.purchases.priced import PricedBasket
from erp_club.purchases.quotes.commands import make_quote
from erp_club.purchases.quotes.told import Buyer
from erp_club.purchases.sale import Payment
from erp_club.purchases.settled import Order
from erp_club.receipts.kinds import Means
from erp_club.reports.what_if import what_if
from tests.make.offers import a_published_offer
from tests.make.pricelists import a_list, an_entry
from tests.make.programmes import a_programme, day
from tests.make.purchases import a_place
from tests.programmes.test_clubs_act import numbers
from tests.programmes.test_conversions import noon
from tests.programmes.test_invented_clubs import Trade

TENTH = {"code": "tenth", "gives": {"kind": "discount", "off_bp": 1_000}}
GOODS = (("TOOL", 1_000), ("CUP", 2_000), ("PEN", 1_000))


class Shop(Trade):
    """Of a tool at a contract price, two cups of which the second is half off, and a pen."""

    def __init__(self, session: Session, **said: Any) -> None:
        super().__init__(session, **said)
        self.goods("TOOL", minor=80_00)
        self.goods("CUP", minor=10_00)
        self.goods("PEN", minor=5_00)
        an_entry(session, a_list(session, "CONTRACT", club="CLUB"), sku="TOOL", price_minor=60_00)
        half = {"kind": "buy_get", "size": 2, "off_bp": 5_000, "on": {"products": ["CUP"]}}
        a_published_offer(session, "SECOND", rewards=[half])

    def asks(self, customer: int, on: str, *goods: tuple[str, int], claims: tuple[str, ...] = ()) -> PricedBasket:
        asked = Asked(
            lines=goods or GOODS, buyer=Buyer(customer_id=customer), claims=tuple(Claim(code) for code in claims)
        )
        place = a_place(self.session, self.till, now=noon(on))
        return make_quote(self.session, asked, place, sale_id=f"S-{next(numbers)}").basket

    def sells(self, customer: int, on: str) -> None:
        """Two pens with the tenth off."""
        asked = Asked(
            lines=(("PEN", 2_000),), buyer=Buyer(customer_id=customer), means=("card",), claims=(Claim("CLUB.TENTH"),)
        )
        order = Order(f"R{next(numbers)}", asked, (Payment(Means.CARD, 9_00),))
        sell(
            self.session,
            order,
            replace(a_place(self.session, self.till, now=noon(on)), sold_at=noon(on)),
            currency="ILS",
        )

    def renews(self, on: str) -> None:
        membership = self.session.scalars(sa.select(Membership.id)).one()
        renew(self.session, membership, card=None, day=Day(day(on), noon(on), SYSTEM, None))

    def off(self, customer: int, on: str, *goods: tuple[str, int], claims: tuple[str, ...] = ()) -> int:
        priced = self.asks(customer, on, *goods, claims=claims).priced
        return sum(each.amount_minor for each in priced.applied if each.offer.startswith("CLUB."))


@pytest.mark.parametrize(
    ("excluded", "off"),
    [
        ({}, 6_00 + 1_50 + 50),
        ({"promoted": True}, 6_00 + 1_00 + 50),
        ({"price_lists": ["CONTRACT"]}, 1_50 + 50),
        ({"promoted": True, "price_lists": ["CONTRACT"]}, 1_00 + 50),
    ],
)
@pytest.mark.parametrize("double", [True, False])
def test_a_tenth_off_passes_over_what_the_club_excludes(
    session: Session, excluded: dict[str, Any], off: int, double: bool
):
    """Of the two cups the one at its whole price is left; nobody gives up the half for the tenth."""
    shop = Shop(session, entitlements=[TENTH], excluded=excluded, double_benefits=double)
    member = shop.member("2026-01-05")
    basket = shop.asks(member, "2026-03-01")
    assert basket.priced.total_minor == 60_00 + 15_00 + 5_00 - off
    assert shop.off(member, "2026-03-01") == off


def test_a_small_offer_isn_t_given_up_for_a_large_discount(session: Session):
    """5 % off pens in an offer, a third off everything else for members: a pen in the offer has the offer."""
    third = {"code": "third", "gives": {"kind": "discount", "off_bp": 3_000, "without_promoted": True}}
    shop = Shop(session, entitlements=[third])
    a_published_offer(session, "PENS", rewards=[{"kind": "percent", "value_bp": 500, "on": {"products": ["PEN"]}}])
    member = shop.member("2026-01-05")
    assert shop.asks(member, "2026-03-01", ("PEN", 1_000), ("TOOL", 1_000)).priced.total_minor == 4_75 + 42_00
    told = shop.asks(member, "2026-03-01", ("PEN", 1_000)).priced
    assert [(each.offer, each.reason) for each in told.refused] == [("CLUB.THIRD", "passed_over")]


def test_discounts_of_the_club_itself_stand_beside_each_other(session: Session):
    """What one of the club's own has lowered isn't in an offer for the other."""
    more = {"code": "more", "gives": {"kind": "discount", "off_bp": 500}}
    shop = Shop(session, entitlements=[TENTH, more], excluded={"promoted": True})
    member = shop.member("2026-01-05")
    assert shop.off(member, "2026-03-01", ("PEN", 2_000)) == 1_00 + 45


@pytest.mark.parametrize(
    ("every", "seen"),
    [
        ("member_year", [True, False, True, True]),
        ("term", [True, False, True, False]),
        ("year", [True, True, False, True]),
    ],
)
def test_once_in_the_member_s_own_year_or_term(session: Session, every: str, seen: list[bool]):
    """Joined on 10 May 2026 for a year, and renewed after a gap, on 1 June 2027."""
    once = TENTH | {"count": 1, "period": {"every": every}}
    shop = Shop(session, entitlements=[once], term={"kind": "months", "months": 12})
    member = shop.member("2026-05-10")
    given: list[bool] = []
    for on in ("2026-06-01", "2027-05-01", "2027-06-02", "2028-05-20"):
        if on == "2027-06-02":
            shop.renews("2027-06-01")
        given.append(shop.off(member, on, ("PEN", 2_000), claims=("CLUB.TENTH",)) == 1_00)
        if given[-1]:
            shop.sells(member, on)
    assert given == seen


def test_a_till_that_was_quoted_before_is_told_that_the_year_s_use_is_gone(session: Session):
    once = TENTH | {"count": 1, "period": {"every": "member_year"}}
    shop = Shop(session, entitlements=[once])
    member = shop.member("2026-05-10")
    shop.sells(member, "2026-06-01")
    with pytest.raises(Conflict) as refused:
        count_uses(
            session,
            [Applied("CLUB.TENTH", 1_00)],
            customer_id=member,
            store_id=shop.till.store_id,
            on=day("2027-05-01"),
        )
    assert refused.value.code == "quote-changed"


def test_a_till_and_a_replay_know_the_club_s_own_discount_from_an_offer(session: Session):
    """A point a 1.00 on goods in no offer: of 10.00 with the tenth off 9 points, at the till and in a replay."""
    rate = {"kind": "money", "code": "rate", "points": 1, "per_minor": 1_00}
    excluded = {"promoted": True}
    shop = Shop(
        session,
        entitlements=[TENTH],
        excluded=excluded,
        earning={"rules": [rate | {"most_points_day": 50}]},
        redemption={"worth_points": 100, "worth_minor": 1_00},
    )
    member = shop.member("2026-01-05")
    assert shop.points(member, 9_00, "2026-02-01", sku="PEN", milli=2_000) == 9
    assert shop.points(member, 9_00, "2026-02-01", sku="PEN", milli=2_000) == 9
    made = what_if(session, a_programme(entitlements=[TENTH], excluded=excluded, earning={"rules": [rate]}), None,
                   today=day("2026-03-01"), progress=lambda _done, _total: None)  # fmt: skip
    assert made.tried.points == 18
