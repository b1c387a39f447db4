# REQ P-05 P-06 O-05 P-09: points that pay in a sale, taken with it
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.rules import Paying, RulesDocument
from erp_club.clubs.setup.commands import add_rules
from erp_club.kernel.errors import Conflict, Forbidden, Refused
from erp_club.permissions.actors import SYSTEM, Actor
from erp_club.permissions.rules import NOTHING
from erp_club.points.commands import earn_points, freeze_account
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Account, Cause
from erp_club.points.models import PointsAccount, PointsLot, PointsMovementLot
from erp_club.points.rules import Terms, bucket
from erp_club.points.verify.queries import faults
from erp_club.promotions.engine.facts import Claim
from erp_club.purchases.asked import Asked, PointsPayment
from erp_club.purchases.commands import Sold, sell
from erp_club.purchases.quotes.told import Buyer
from erp_club.purchases.returns.commands import Asked as Back
from erp_club.purchases.returns.commands import return_goods
from erp_club.purchases.returns.facts import Wish
from erp_club.purchases.sale import Payment
from erp_club.purchases.settled import Order
from erp_club.receipts.kinds import Means
from erp_club.receipts.models import Receipt
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.offers import a_published_offer, points_that_pay
from tests.make.purchases import NOW, Till, a_place, a_product, a_till, ledger
from tests.make.wire import statements

MILK = "7290000000017"
TODAY = NOW.date()


class Shop:
    """A member with points at a till that sells milk for 10.00."""

    def __init__(self, session: Session, points: int = 500) -> None:
        self.session, self.till = session, a_till(session)
        a_product(session, MILK)
        self.club_id, self.customer_id = a_club(session), a_customer(session)
        self.account = Account(
            a_membership(session, self.customer_id, self.club_id).points_account_id, self.customer_id
        )
        if points:
            moved(session, self.customer_id, self.account.id, points)
        points_that_pay(session)
        self.number = 0

    def buy(self, total_minor: int, *, milk: int = 3, points: int = 0, by: Actor | None = None, **asked: Any) -> Sold:
        self.number += 1
        paying = (PointsPayment(points, "GOLD"),) if points else ()
        basket = Asked(((MILK, milk * 1000),), Buyer(self.customer_id), points=paying, **asked)
        payments = (Payment(Means.CARD, total_minor),) if total_minor else ()
        till = Till(self.till.store_id, self.till.terminal_id, by or self.till.by, {})
        order = Order(f"1-{self.number}", basket, payments)
        return sell(self.session, order, a_place(self.session, till), currency="ILS")

    def lots(self) -> list[tuple[dt.date | None, int]]:
        rows = self.session.execute(sa.select(PointsLot.last_day, PointsLot.remaining).order_by(PointsLot.id))
        return [(last, left) for last, left in rows]

    def parts(self, seq: int) -> list[int]:
        asked = sa.select(PointsMovementLot.points).where(PointsMovementLot.seq == seq).order_by("lot_id")
        return list(self.session.scalars(asked))


@pytest.fixture
def shop(session: Session) -> Shop:
    return Shop(session)


def refused(shop: Shop, *args: Any, **said: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        shop.buy(*args, **said)
    assert shop.session.scalar(sa.select(sa.func.count()).select_from(Receipt)) == 0
    assert ledger(shop.session, shop.account.id)[1] == 1, "nothing is half done"
    return caught.value


def test_points_pay_and_the_rest_earns(shop: Shop) -> None:
    sold = shop.buy(10_00, points=400)
    assert [(each.points, each.balance) for each in sold.posted.spent] == [(400, 101)]
    assert [(each.points, each.balance) for each in sold.posted.earned] == [(1, 101)]
    # The lot of this month both gives and takes, in one row.
    assert shop.lots() == [(None, 101)]
    assert ledger(shop.session, shop.account.id) == (101, 3, [(1, 500, 500), (2, -400, 100), (3, 1, 101)])
    assert (shop.parts(2), shop.parts(3)) == ([-400], [1])


def test_what_expires_first_pays_first(shop: Shop) -> None:
    for points, days in ((50, 0), (30, 10)):
        lot = bucket(Terms(), TODAY)
        lot = type(lot)(lot.available_on, TODAY + dt.timedelta(days=days), 1, None)
        cause = Cause(MovementKind.EARNED, TODAY, NOW, SYSTEM)
        earn_points(shop.session, shop.account, points, to=lot, cause=cause)
    shop.buy(25_00, points=100)
    assert shop.lots() == [(None, 482), (TODAY, 0), (TODAY + dt.timedelta(days=10), 0)]
    assert shop.parts(4) == [-20, -50, -30]


def test_a_sale_that_points_pay_is_one_round_trip_of_posting(shop: Shop) -> None:
    shop.buy(20_00, points=200)
    with statements(shop.session) as sent:
        shop.buy(20_00, points=200)
    # The basket's facts, a savepoint, the accounts' locks and the sale in one go, coupons, uses, the savepoint's end.
    assert len(sent) <= 9


def test_points_that_are_not_there_pay_nothing(shop: Shop) -> None:
    short = refused(shop, 4_95, points=501)
    assert (short.code, short.facts) == ("points-too-few", {"available": 0, "asked": 501})


def test_points_that_went_elsewhere_after_pricing_are_refused_in_the_commit(shop: Shop) -> None:
    """The account is frozen between the price and the commit: the statement itself finds nothing to take."""
    from erp_club.purchases.commands import settle
    from erp_club.purchases.pricing import price_basket
    from erp_club.purchases.settled import sale_of

    place = a_place(shop.session, shop.till)
    asked = Asked(((MILK, 3000),), Buyer(shop.customer_id), points=(PointsPayment(400, "GOLD"),))
    basket = price_basket(shop.session, asked, place)
    sale = sale_of(basket, place, receipt_no="9", payments=(Payment(Means.CARD, 10_00),), currency="ILS")
    freeze_account(shop.session, shop.account, until=None)
    with pytest.raises(Conflict) as late:
        settle(shop.session, sale, basket, asked, place)
    assert (late.value.code, late.value.facts["available"]) == ("points-too-few", 0)
    assert shop.session.scalar(sa.select(sa.func.count()).select_from(Receipt)) == 0


@pytest.mark.parametrize(
    ("paying", "code"),
    [
        (Paying(min_balance=600), "points-balance-low"),
        (Paying(max_points_a_day=300), "points-day-limit"),
        (Paying(max_points=300), "points-purchase-limit"),
        (Paying(max_share_bp=5000), "points-share-limit"),
        (Paying(step=150), "points-step"),
        (Paying(whole_items=True, max_points=390), "points-whole-items"),
        (Paying(min_points=450), "points-least"),
        (Paying(excluded_skus=frozenset({MILK})), "points-excluded"),
        (None, "points-closed"),
    ],
)
def test_a_sale_holds_the_clubs_own_limits(shop: Shop, paying: Paying | None, code: str) -> None:
    add_rules(shop.session, shop.club_id, RulesDocument(paying=paying), effective_from=TODAY, now=NOW, by=SYSTEM)
    fault = refused(shop, 10_00, points=400)
    assert (fault.code, [each.field for each in fault.fields]) == (code, ["payments"])


def test_two_tills_at_once_hold_the_ceiling_of_the_day(shop: Shop) -> None:
    """The other till has used what was left between the price and the commit."""
    from erp_club.purchases.commands import settle
    from erp_club.purchases.pricing import price_basket
    from erp_club.purchases.settled import sale_of

    paying = RulesDocument(paying=Paying(max_points_a_day=300))
    add_rules(shop.session, shop.club_id, paying, effective_from=TODAY, now=NOW, by=SYSTEM)
    place = a_place(shop.session, shop.till)
    asked = Asked(((MILK, 3000),), Buyer(shop.customer_id), points=(PointsPayment(200, "GOLD"),))
    basket = price_basket(shop.session, asked, place)
    sale = sale_of(basket, place, receipt_no="9", payments=(Payment(Means.CARD, 20_00),), currency="ILS")
    shop.buy(20_00, points=200)
    with pytest.raises(Conflict) as late:
        settle(shop.session, sale, basket, asked, place)
    assert (late.value.code, late.value.facts) == ("points-day-limit", {"left_today": 100})


def test_what_was_used_today_counts_for_the_ceiling_of_the_day(shop: Shop) -> None:
    paying = RulesDocument(paying=Paying(max_points_a_day=300))
    add_rules(shop.session, shop.club_id, paying, effective_from=TODAY, now=NOW, by=SYSTEM)
    shop.buy(20_00, points=200)
    with pytest.raises(Conflict) as over:
        shop.buy(22_50, points=150)
    assert (over.value.code, over.value.facts) == ("points-day-limit", {"left_today": 100})
    shop.buy(25_00, points=100)


def test_what_came_back_of_todays_uses_can_be_used_again_today(shop: Shop) -> None:  # REQ P-05 P-08
    paying = RulesDocument(paying=Paying(max_points_a_day=300))
    add_rules(shop.session, shop.club_id, paying, effective_from=TODAY, now=NOW, by=SYSTEM)
    wrong = shop.buy(15_00, points=300).posted.receipt_id
    place = a_place(shop.session, shop.till)
    return_goods(shop.session, wrong, Back(Wish(((1, 1000),))), place, currency="ILS")
    assert faults(shop.session) == []
    with pytest.raises(Conflict) as over:
        shop.buy(24_50, points=110)
    assert (over.value.code, over.value.facts) == ("points-day-limit", {"left_today": 100})
    return_goods(shop.session, wrong, Back(Wish()), place, currency="ILS")
    shop.buy(15_00, points=300)
    assert faults(shop.session) == []


def test_points_are_used_by_whoever_may(shop: Shop) -> None:
    nobody = Actor("x", NOTHING, shop.till.by.staff_id, None, shop.till.terminal_id, shop.till.store_id)
    with pytest.raises(Forbidden):
        shop.buy(10_00, points=400, by=nobody)


def test_without_an_offer_that_takes_them_points_do_not_pay(session: Session) -> None:
    shop = Shop(session)
    session.execute(sa.text("UPDATE offers SET state = 'paused'"))
    session.execute(sa.text("UPDATE offer_catalogue SET version = gen_random_uuid()"))
    assert refused(shop, 10_00, points=400).code == "points-not-taken"


def test_an_offer_may_cost_points(shop: Shop) -> None:
    """REQ O-05: 50 points = 5.00 off the total, chosen by the cashier."""
    a_published_offer(
        shop.session,
        "FIVER",
        names={"en": "Five off"},
        activation={"by": "cashier", "points": 50, "club": "GOLD"},
        rewards=[{"kind": "amount", "value_minor": 5_00}],
    )
    sold = shop.buy(25_00, claims=(Claim("FIVER"),))
    assert [(each.points, each.balance) for each in sold.posted.spent] == [(50, 452)]


def test_a_debt_is_paid_by_what_the_sale_earns_though_points_paid_too(shop: Shop) -> None:
    """A debt beside points that were made available later."""
    shop.session.execute(sa.update(PointsAccount).values(debt=1, balance=499))
    sold = shop.buy(10_00, points=400)
    assert sold.posted.earned[0].balance == 100
    assert shop.session.scalar(sa.select(PointsAccount.debt)) == 0
    assert shop.parts(3) == [1]
