# REQ O-02 O-03 L-01: what the pricing engine is told of a sale
import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.cards.kinds import CardState
from erp_club.customers.models import Customer
from erp_club.kernel.errors import Conflict, Invalid, NotFound
from erp_club.promotions.engine.facts import TaxOfDiscount
from erp_club.purchases.asked import Asked, Gathered
from erp_club.purchases.commands import post_sale
from erp_club.purchases.facts import gather, nearest_birthday, policy
from erp_club.purchases.quotes.told import Buyer
from tests.make.clubs import a_card, a_club, a_customer, a_membership, moved
from tests.make.offers import a_published_offer
from tests.make.purchases import NOW, Till, a_line, a_place, a_product, a_sale, a_till

MILK = "7290000000017"


@pytest.fixture
def till(session: Session) -> Till:
    made = a_till(session)
    a_product(session, MILK)
    return made


def told(session: Session, till: Till, buyer: Buyer | None = None) -> Gathered:
    asked = Asked(((MILK, 1000),), buyer or Buyer(), sale_id="1:1")
    return gather(session, asked, a_place(session, till))


def test_the_engine_is_told_where_and_when_by_the_stores_clock(session: Session, till: Till) -> None:
    facts = told(session, till).facts
    assert (facts.store, facts.channel, facts.terminal) == ("374", "store", 1)
    # 12:00 UTC in winter.
    assert facts.at == dt.datetime(2026, 11, 22, 14, 0)  # noqa: DTZ001 - by the store's clock
    assert facts.shopper is None


def test_a_member_is_told_with_clubs_points_birthday_and_purchases(session: Session, till: Till) -> None:
    noa, milk = a_customer(session), session.scalar(sa.text("SELECT id FROM products"))
    joined = a_membership(session, noa, a_club(session))
    moved(session, noa, joined.points_account_id, 120)
    session.get_one(Customer, noa).birthday = dt.date(1990, 11, 25)
    post_sale(session, a_sale(till, a_line(milk), customer_id=noa), now=NOW, by=till.by)
    a_published_offer(session)
    shopper = told(session, till, Buyer(number="100001")).facts.shopper
    assert shopper
    assert {club: member.points for club, member in shopper.clubs.items()} == {"GOLD": 121}
    assert (shopper.birthday_in, shopper.purchases) == (3, 1)


def test_a_membership_that_ended_is_none(session: Session, till: Till) -> None:
    noa = a_customer(session)
    a_membership(session, noa, a_club(session), joined_on=dt.date(2024, 1, 1))
    gathered = told(session, till, Buyer(noa))
    assert gathered.facts.shopper
    assert (gathered.facts.shopper.clubs, [each.code for each in gathered.others]) == ({}, ["GOLD"])


def test_the_customer_is_found_by_id_number_or_card(session: Session, till: Till) -> None:
    noa = a_customer(session)
    a_card(session, noa, "2900000000018")
    for buyer in (Buyer(noa), Buyer(number="100001"), Buyer(card="2900 0000-00018")):
        assert told(session, till, buyer).customer_id == noa
    with pytest.raises(Invalid):
        told(session, till, Buyer(number="nobody"))
    with pytest.raises(NotFound):
        told(session, till, Buyer(card="2900000000025"))


def test_a_blocked_card_identifies_nobody(session: Session, till: Till) -> None:
    a_card(session, a_customer(session), "2900000000018", state=CardState.BLOCKED)
    with pytest.raises(Conflict) as refused:
        told(session, till, Buyer(card="2900000000018"))
    assert refused.value.code == "card-blocked"


@pytest.mark.parametrize(
    ("birthday", "today", "days"),
    [
        (dt.date(1990, 5, 10), dt.date(2026, 5, 10), 0),
        (dt.date(1990, 5, 10), dt.date(2026, 5, 3), 7),
        (dt.date(1990, 5, 10), dt.date(2026, 5, 12), -2),
        (dt.date(1990, 1, 2), dt.date(2026, 12, 30), 3),
        (dt.date(1990, 12, 30), dt.date(2026, 1, 2), -3),
        (dt.date(1992, 2, 29), dt.date(2026, 2, 27), 1),
        (dt.date(1992, 2, 29), dt.date(2028, 2, 29), 0),
        (dt.date(1990, 5, 10), dt.date(1, 5, 9), 1),
        (dt.date(1990, 5, 10), dt.date(9999, 5, 11), -1),
    ],
)
def test_the_nearest_birthday_is_counted_over_the_turn_of_the_year(
    birthday: dt.date, today: dt.date, days: int
) -> None:
    assert nearest_birthday(birthday, today) == days


def test_the_chains_own_policy_goes_before_the_products() -> None:
    assert policy({}).prices_include_tax
    settled = policy({"prices_include_tax": False, "tax_of_discount": "rounded_alone"})
    assert (settled.prices_include_tax, settled.tax_of_discount) == (False, TaxOfDiscount.ROUNDED_ALONE)
    assert settled.deadline_ms == policy({}).deadline_ms
