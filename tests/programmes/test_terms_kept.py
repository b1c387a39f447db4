# REQ P-18, P-08, P-09, P-17: a rule changes from a day on, and what was earned under the one before keeps its terms
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.errors import Refused
from erp_club.permissions.actors import SYSTEM
from erp_club.points.models import PointsAccount, PointsLot
from erp_club.points.verify.queries import faults
from erp_club.programmes.commands import load_programme
from erp_club.programmes.welcoming.commands import Welcome, welcome
from erp_club.promotions.coupons.models import Coupon, CouponBatch, CouponCode
from erp_club.purchases.asked import Asked, PointsPayment
from erp_club.purchases.commands import Sold, sell
from erp_club.purchases.quotes.told import Buyer
from erp_club.purchases.returns import commands as returns
from erp_club.purchases.returns.facts import Wish
from erp_club.purchases.sale import Payment
from erp_club.purchases.settled import Order
from erp_club.receipts.kinds import Means
from tests.make.clubs import a_customer, a_membership
from tests.make.programmes import a_programme
from tests.make.purchases import a_place, a_product, a_till

RATE = {"kind": "money", "code": "rate", "points": 1, "per_minor": 1_00}
SKU = "GOODS"


class Club:
    """A club of which versions are loaded, and a member who buys goods of 1.00."""

    def __init__(self, session: Session, **said: Any) -> None:
        self.session, self.till = session, a_till(session)
        a_product(session, SKU, price_minor=1_00)
        self.numbers = 0
        self.version("2026-01-01", **said)
        self.member = a_customer(session, "M1")
        a_membership(session, self.member, self.club_id, joined_on=dt.date(2026, 1, 1))

    def version(self, day: str, **said: Any) -> None:
        first = dt.date.fromisoformat(day)
        rules = {"earning": {"rules": [RATE]}, "redemption": {"worth_points": 1, "worth_minor": 5}} | said
        rules["switch"] = {"effective_from": day} | said.get("switch", {})
        how: dict[str, Any] = {"currency": "ILS", "language": "he", "by": SYSTEM, "publish": True}
        now = dt.datetime.combine(first, dt.time(1), dt.UTC)
        self.club_id = load_programme(self.session, a_programme(**rules), today=first, now=now, **how).club_id

    def place(self, day: str) -> Any:
        return a_place(self.session, self.till, now=dt.datetime.fromisoformat(f"{day}T10:00:00+00:00"))

    def buys(
        self, day: str, goods: int, *, points: int = 0, worth: int = 5, codes: tuple[str, ...] = (), off: int = 0
    ) -> Sold:
        self.numbers += 1
        paying = (PointsPayment(points, "CLUB"),) if points else ()
        asked = Asked(((SKU, 1000 * goods),), Buyer(customer_id=self.member), codes, points=paying, means=("card",))
        left = goods * 1_00 - points * worth - off
        payments = (Payment(Means.CARD, left),) if left else ()
        return sell(self.session, Order(f"R{self.numbers}", asked, payments), self.place(day), currency="ILS")

    def returns(self, sold: Sold, day: str, milli: int | None = None) -> None:
        wish = Wish(None if milli is None else ((1, milli),))
        returns.return_goods(self.session, sold.posted.receipt_id, returns.Asked(wish), self.place(day), currency="ILS")

    def balance(self) -> int:
        assert list(faults(self.session)) == []
        return self.session.execute(sa.select(PointsAccount.balance)).scalar_one()


def test_a_return_takes_back_what_the_rate_of_the_purchase_gave_and_later_purchases_earn_by_the_new_one(
    session: Session,
):
    club = Club(session)
    sold = club.buys("2026-02-01", 100)
    assert club.balance() == 100
    club.version("2026-03-01", earning={"rules": [RATE | {"points": 3}]})
    club.buys("2026-02-28", 10)
    assert club.balance() == 110, "the version isn't in force yet"
    club.buys("2026-03-01", 10)
    assert club.balance() == 140
    club.returns(sold, "2026-03-05", 40_000)
    assert club.balance() == 100, "forty by the rate of then, not a hundred and twenty"
    club.returns(sold, "2026-03-06", 60_000)
    assert club.balance() == 40


def test_points_expire_by_the_rules_under_which_they_were_earned(session: Session):
    club = Club(session, expiry={"rule": {"kind": "months", "months": 12}})
    club.buys("2026-02-01", 10)
    club.version("2026-03-01", expiry={"rule": {"kind": "months", "months": 1}})
    club.buys("2026-03-10", 20)
    club.version("2026-04-01")
    club.buys("2026-04-01", 30)
    lots = session.execute(sa.select(PointsLot.remaining, PointsLot.last_day).order_by(PointsLot.id)).all()
    assert lots == [(10, dt.date(2027, 2, 1)), (20, dt.date(2026, 4, 10)), (30, None)]


def test_points_that_come_back_have_the_days_that_they_were_earned_with(session: Session):
    club = Club(session, expiry={"rule": {"kind": "months", "months": 12}})
    club.buys("2026-02-01", 100)
    sold = club.buys("2026-02-02", 20, points=100)
    club.version("2026-03-01", expiry={"rule": {"kind": "months", "months": 1}}, earning={"rules": []},
                 redemption={"worth_points": 1, "worth_minor": 1})  # fmt: skip
    club.returns(sold, "2026-03-05")
    lots = session.execute(sa.select(PointsLot.remaining, PointsLot.last_day).order_by(PointsLot.id)).all()
    assert lots == [(100, dt.date(2027, 2, 1)), (0, dt.date(2027, 2, 2))]
    assert club.balance() == 100, "as many as were used, whatever a point is worth by now"


def test_points_wait_as_long_as_the_rules_of_their_purchase_said(session: Session):
    club = Club(session, earning={"rules": [RATE], "available": {"after_days": 30}})
    club.buys("2026-02-01", 10)
    club.version("2026-02-10", earning={"rules": [RATE], "available": {"after_days": 1}})
    club.buys("2026-02-10", 20)
    lots = session.execute(sa.select(PointsLot.remaining, PointsLot.available_on).order_by(PointsLot.id)).all()
    assert lots == [(10, dt.date(2026, 3, 3)), (20, dt.date(2026, 2, 11))]


def test_points_pay_what_the_version_of_the_day_says_until_a_conversion_changes_them(session: Session):
    club = Club(session)
    club.buys("2026-02-01", 100)
    club.version("2026-03-01", redemption={"worth_points": 1, "worth_minor": 10})
    sold = club.buys("2026-03-01", 10, points=20, worth=10)
    assert sold.sale.total_minor == 8_00


@pytest.mark.parametrize("gives", [{"kind": "discount", "amount_minor": 20_00}, {"kind": "discount", "off_bp": 5_000}])
def test_a_coupon_is_worth_what_it_was_given_with(session: Session, gives: dict[str, Any]):
    hello = {"code": "hello", "occasion": "joining", "gives": [gives]}
    club = Club(session, occasions=[hello])
    welcome(session, club.member, Welcome(dt.date(2026, 1, 1), dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC), SYSTEM))
    less = [{"kind": "discount", "amount_minor": 1_00}]
    club.version("2026-03-01", occasions=[hello | {"gives": less, "when": {"least_minor": 500_00}}])
    club.version("2026-03-02", occasions=[])
    code = session.scalars(sa.select(CouponCode.code)).one()
    assert club.buys("2026-04-01", 40, codes=(code,), off=20_00).sale.total_minor == 20_00
    assert session.scalars(sa.select(Coupon.used)).one() == 1


def test_coupons_to_come_are_of_the_new_terms_and_the_same_terms_need_no_other_batch(session: Session):
    hello = {"code": "hello", "occasion": "joining", "gives": [{"kind": "discount", "amount_minor": 20_00}]}
    club = Club(session, occasions=[hello])
    at = Welcome(dt.date(2026, 1, 1), dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC), SYSTEM)
    welcome(session, club.member, at)
    club.version("2026-02-01", occasions=[hello], names={"en": "Another name"})
    club.version("2026-03-01", occasions=[hello | {"gives": [{"kind": "discount", "amount_minor": 1_00}]}])
    club.version("2026-03-02", occasions=[hello | {"gives": [{"kind": "discount", "amount_minor": 2_00}]}])
    club.member = a_customer(session, "M2")
    a_membership(session, club.member, club.club_id, joined_on=dt.date(2026, 4, 1))
    welcome(session, club.member, Welcome(dt.date(2026, 4, 1), at.now, SYSTEM))
    batches = session.execute(sa.select(CouponBatch.code, CouponBatch.issued).order_by(CouponBatch.id)).all()
    assert batches == [("CLUB.HELLO", 1), ("CLUB.HELLO.V2", 1)], "nobody had one of 1.00, so these were changed"
    code = session.scalars(sa.select(CouponCode.code).where(CouponCode.customer_id == club.member)).one()
    assert club.buys("2026-04-01", 40, codes=(code,), off=2_00).sale.total_minor == 38_00


def test_the_last_days_of_earning_and_of_redeeming_are_included_and_each_its_own(session: Session):
    last = {"last_earning_day": "2026-03-31", "last_redeeming_day": "2026-06-30"}
    club = Club(session, switch=last)
    club.buys("2026-03-31", 100)
    club.buys("2026-04-01", 100)
    assert club.balance() == 100
    assert club.buys("2026-06-30", 10, points=50).sale.total_minor == 7_50
    with pytest.raises(Refused), session.begin_nested():
        club.buys("2026-07-01", 10, points=50)
    assert club.balance() == 50, "what is left stays, and pays no more"


def test_points_that_expire_years_after_the_member_year_do_so(session: Session):
    club = Club(session, expiry={"rule": {"kind": "member_year", "years_after": 1}})
    club.buys("2026-02-01", 10)
    assert session.scalars(sa.select(PointsLot.last_day)).one() == dt.date(2027, 12, 31)
