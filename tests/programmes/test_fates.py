# REQ M-14, M-08: coupons of a membership that ran out or was ended are kept, rest and come back, or are dropped
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.breaks.commands import end_membership, loss_of
from erp_club.permissions.actors import SYSTEM
from erp_club.programmes.engine.fates import Held, Stands, coupon_stands
from erp_club.programmes.engine.membership import Fate
from erp_club.programmes.fates.queries import not_usable
from erp_club.programmes.welcoming.commands import Welcome, welcome
from erp_club.promotions.coupons.models import CouponCode
from erp_club.purchases.asked import Asked
from erp_club.purchases.commands import Sold, sell
from erp_club.purchases.fees.joining import Day
from erp_club.purchases.fees.unsold import renew
from erp_club.purchases.quotes.told import Buyer
from erp_club.purchases.sale import Payment
from erp_club.purchases.settled import Order
from erp_club.receipts.kinds import Means
from tests.make.programmes import day
from tests.make.purchases import a_place, a_product
from tests.programmes.test_renewals import JOINED, NOW, Club

KEEP, DROP = Fate(), Fate.model_validate({"coupons": "drop"})
FREEZE = Fate.model_validate({"coupons": "freeze", "freeze_months": 3})
YEAR = Held(day("2026-01-01"), day("2026-12-31"))


def stands(on: str, fate: Fate, *held: Held, since: str = "2026-06-01", end: Fate = KEEP) -> Stands:
    return coupon_stands(held or (YEAR,), day(since), day(on), grace_days=10, lapse=fate, end=end)


@pytest.mark.parametrize(
    ("on", "fate", "wanted"),
    [
        ("2026-12-31", DROP, Stands.USABLE),
        ("2027-01-10", DROP, Stands.USABLE),
        ("2027-01-11", DROP, Stands.DROPPED),
        ("2027-01-11", KEEP, Stands.USABLE),
        ("2027-01-11", FREEZE, Stands.FROZEN),
        ("2027-03-31", FREEZE, Stands.FROZEN),
        ("2027-04-01", FREEZE, Stands.DROPPED),
    ],
)
def test_a_coupon_stands_as_its_club_says_once_the_grace_days_are_over(on: str, fate: Fate, wanted: Stands):
    assert stands(on, fate) is wanted


@pytest.mark.parametrize(
    ("renewed", "fate", "wanted"),
    [
        ("2027-01-01", DROP, Stands.USABLE),
        ("2027-02-01", DROP, Stands.DROPPED),
        ("2027-02-01", FREEZE, Stands.USABLE),
        ("2027-04-01", FREEZE, Stands.DROPPED),
    ],
)
def test_a_coupon_comes_back_with_a_renewal_where_it_was_frozen_for_no_longer_than_said(
    renewed: str, fate: Fate, wanted: Stands
):
    again = Held(day(renewed), day("2028-12-31"))
    assert stands("2027-05-01", fate, YEAR, again) is wanted
    assert stands("2027-05-01", fate, YEAR, again, since="2027-04-20") is Stands.USABLE, "it was given since"


def test_an_ended_membership_has_no_grace_and_a_policy_of_its_own():
    ended = Held(day("2026-01-01"), day("2026-08-31"), ended=True)
    assert stands("2026-08-31", KEEP, ended, end=DROP) is Stands.USABLE
    assert stands("2026-09-01", KEEP, ended, end=DROP) is Stands.DROPPED
    assert stands("2026-09-01", DROP, ended, end=KEEP) is Stands.USABLE


HELLO = {"code": "hello", "occasion": "joining", "gives": [{"kind": "discount", "amount_minor": 5_00}]}


def a_club(session: Session, **said: Any) -> tuple[Club, str]:
    club = Club(session, {}, occasions=[HELLO], **said)
    welcome(session, club.member, Welcome(JOINED, NOW, SYSTEM))
    a_product(session, "TEN", price_minor=10_00)
    return club, session.scalars(sa.select(CouponCode.code)).one()


def sold(club: Club, code: str, on: str, pays: int) -> Sold:
    club.numbers += 1
    place = a_place(club.session, club.till, now=dt.datetime.fromisoformat(f"{on}T10:00:00+00:00"))
    asked = Asked((("TEN", 1000),), Buyer(customer_id=club.member), (code,), means=("card",))
    return sell(club.session, Order(f"S{club.numbers}", asked, (Payment(Means.CARD, pays),)), place, currency="ILS")


def membership(session: Session) -> int:
    return session.execute(sa.text("SELECT id FROM memberships")).scalar_one()


@pytest.mark.parametrize(("fate", "pays"), [("keep", 5_00), ("drop", 10_00), ("freeze", 10_00)])
def test_a_sale_takes_the_coupon_of_a_membership_that_ran_out_only_where_it_is_kept(
    session: Session, fate: str, pays: int
):
    lapse = {"coupons": fate} | ({"freeze_months": 6} if fate == "freeze" else {})
    club, code = a_club(session, lapse=lapse)
    assert sold(club, code, "2027-01-05", pays).sale.total_minor == pays


def test_a_frozen_coupon_is_used_again_once_the_membership_is_renewed(session: Session):
    club, code = a_club(session, lapse={"coupons": "freeze", "freeze_months": 6})
    assert sold(club, code, "2027-03-01", 10_00)
    renew(session, membership(session), card=None, day=Day(day("2027-04-01"), NOW, SYSTEM, None))
    assert sold(club, code, "2027-04-02", 5_00)


def test_a_coupon_of_a_membership_that_was_ended_is_dropped_at_once(session: Session):
    club, code = a_club(session, end={"coupons": "drop"})
    held, on = membership(session), day("2026-03-01")
    coupon = session.execute(sa.text("SELECT id FROM coupons")).scalar_one()
    assert not_usable(session, [coupon], customer_id=club.member, on=on) == {}
    lost = loss_of(session, held, on=on).points
    end_membership(session, held, on=on, points_lost=lost, reason="", today=on, now=NOW, by=SYSTEM)
    assert sold(club, code, "2026-03-01", 10_00)
    assert not_usable(session, [coupon], customer_id=club.member, on=on) == {coupon: Stands.DROPPED}
