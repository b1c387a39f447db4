# REQ M-02, M-09, P-08, P-15, P-16: clubs as their chains print them, acted through the till's commands and the jobs
import datetime as dt
import itertools
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.clubs.models import Membership, MembershipPeriod
from erp_club.jobs.declared import Run
from erp_club.jobs.rewards import PERIOD_REWARDS, parameters_of
from erp_club.permissions.actors import SYSTEM
from erp_club.points.models import PointsAccount
from erp_club.programmes import commands, documents
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.rewards.models import PeriodSettlement
from erp_club.purchases.asked import Asked
from erp_club.purchases.commands import sell
from erp_club.purchases.quotes.told import Buyer
from erp_club.purchases.returns.commands import Asked as AskedBack
from erp_club.purchases.returns.commands import return_goods
from erp_club.purchases.returns.facts import Wish
from erp_club.purchases.sale import Payment
from erp_club.purchases.settled import Order
from erp_club.receipts.kinds import Means
from erp_club.stored_value.models import ValueCard
from tests.make.clubs import a_customer, a_membership
from tests.make.programmes import day, example
from tests.make.purchases import a_place, a_product, a_till, another_till, sells_in_the_web
from tests.make.stored_value import a_kind

numbers = itertools.count(1)


class Chain:
    """A chain with one of the clubs, taken for its own currency."""

    def __init__(self, session: Session, name: str, *, since: str = "2026-01-01", **said: Any) -> None:
        self.session, self.till = session, a_till(session)
        switch = {"effective_from": since}
        club = Programme.model_validate(documents.whole(example(name)) | {"currency": "ILS", "switch": switch} | said)
        start = dt.datetime.combine(day(since), dt.time(8), dt.UTC)
        how: dict[str, Any] = {"currency": "ILS", "language": "he", "today": start.date(), "now": start, "by": SYSTEM}
        self.club_id = commands.load_programme(session, club, publish=True, **how).club_id

    def member(self, joined: str) -> int:
        customer = a_customer(self.session, f"C{next(numbers)}")
        a_membership(self.session, customer, self.club_id, joined_on=day(joined))
        return customer

    def buys(self, customer: int, minor: int, on: str, *, sku: str | None = None, milli: int = 1000, **said: Any):
        """One line of so much, paid by card at noon, or in another way."""
        code = sku or f"P{next(numbers)}"
        if self.session.scalar(sa.select(Product.id).where(Product.sku == code)) is None:
            a_product(self.session, code, price_minor=minor * 1000 // milli)
        at = dt.datetime.fromisoformat(f"{on}T12:00:00+00:00")
        place = replace(a_place(self.session, said.pop("till", self.till), now=at), sold_at=at)
        asked = Asked(lines=((code, milli),), buyer=Buyer(customer_id=customer), means=("card",))
        order = Order(f"R{next(numbers)}", asked, (Payment(Means.CARD, minor),))
        return sell(self.session, order, place, currency="ILS")

    def settles(self, rule: str, last: str) -> None:
        """The job for a period that ends on a day, given on the day after."""
        parameters = parameters_of(self.club_id, rule, day(last))
        on = day(last) + dt.timedelta(days=1)
        now = dt.datetime.combine(on, dt.time(4), dt.UTC)
        cursor = None
        while True:
            step = PERIOD_REWARDS.batch(self.session, Run(1, "period-rewards", on, parameters, SYSTEM, now), cursor)
            cursor = step.after
            if cursor is None:
                return

    def given(self, customer: int) -> list[PeriodSettlement]:
        rows = sa.select(PeriodSettlement).where(PeriodSettlement.customer_id == customer)
        return list(self.session.scalars(rows.order_by(PeriodSettlement.last_on)))

    def balance(self, customer: int) -> int:
        return self.session.scalars(sa.select(PointsAccount.balance).where(PointsAccount.customer_id == customer)).one()

    def cards(self, customer: int) -> list[int]:
        rows = sa.select(ValueCard.balance_minor).where(ValueCard.customer_id == customer).order_by(ValueCard.id)
        return list(self.session.scalars(rows))


def share(session: Session, main: int, *others: int) -> None:
    """Let others share the main member's account."""
    account = session.scalars(sa.select(PointsAccount.id).where(PointsAccount.customer_id == main)).one()
    session.execute(
        sa.update(Membership)
        .where(Membership.customer_id.in_(others))
        .values(points_holder_id=main, points_account_id=account)
    )


def test_the_fee_gives_one_year(session: Session):  # shoez-1
    chain = Chain(session, "shoez")
    member = chain.member("2026-01-10")
    held = sa.select(MembershipPeriod.validity).where(MembershipPeriod.customer_id == member)
    validity = session.scalars(held).one()
    assert validity.contains(day("2026-12-31"))
    assert not validity.contains(day("2027-01-12"))


def test_an_order_that_comes_back_takes_its_points(session: Session):  # oro-4
    chain = Chain(session, "oro_oro")
    sells_in_the_web(session, chain.till)
    member = chain.member("2026-11-01")
    sold = chain.buys(member, 200_00, "2026-11-20")
    assert chain.balance(member) == 10
    at = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    place = a_place(session, chain.till, now=at)
    return_goods(session, sold.posted.receipt_id, AskedBack(Wish(), "B1"), place, currency="ILS")
    assert chain.balance(member) == 0


class TestSGroup:
    @pytest.fixture
    def chain(self, session: Session) -> Chain:
        return Chain(session, "s_group", fees={})

    def test_a_household_is_paid_on_its_common_total(self, session: Session, chain: Chain):  # s-1
        main, spouse, child = (chain.member("2026-09-01") for _ in range(3))
        share(session, main, spouse, child)
        for customer, minor in ((main, 300_00), (spouse, 140_00), (child, 60_00)):
            chain.buys(customer, minor, "2026-10-12")
        chain.settles("bonus", "2026-10-31")
        assert [(each.base, each.value) for each in chain.given(main)] == [(500_00, 15_00)]
        assert chain.given(spouse) == []

    def test_the_step_reached_holds_for_the_whole(self, chain: Chain):  # s-2
        totals = (49_00, 50_00, 399_00, 400_00, 850_00, 900_00, 1_500_00)
        members = [chain.member("2026-09-01") for _ in totals]
        for member, total in zip(members, totals, strict=True):
            chain.buys(member, total, "2026-10-12")
        chain.settles("bonus", "2026-10-31")
        assert [chain.given(each)[0].value for each in members] == [0, 50, 7_98, 10_00, 38_25, 45_00, 75_00]

    def test_doubled_purchases_count_once_and_fuel_pays_by_the_litre(self, session: Session, chain: Chain):  # s-3, s-4
        member = chain.member("2026-09-01")
        chain.buys(member, 380_00, "2026-10-12")
        double = another_till(session, store_code="DOUBLE", username="second")
        chain.buys(member, 120_00, "2026-10-13", till=double)
        chain.buys(member, 64_00, "2026-10-14", sku="FUEL", milli=40_000)
        chain.settles("bonus", "2026-10-31")
        chain.settles("fuel", "2026-10-31")
        assert {each.rule: each.value for each in chain.given(member)} == {"bonus": 18_60, "fuel": 1_20}


def test_a_share_is_paid_from_the_bonus_first(session: Session):  # s-5
    chain = Chain(session, "s_group")
    member = chain.member("2026-01-15")
    for month in range(2, 8):
        chain.buys(member, 500_00, f"2026-{month:02}-20")
        last = dt.date(2026, month + 1, 1) - dt.timedelta(days=1)
        chain.settles("bonus", last.isoformat())
    rows = chain.given(member)
    assert [each.to_fee_minor for each in rows] == [15_00] * 5 + [5_00]
    assert [each.value for each in rows] == [0] * 5 + [10_00]


def test_rewards_after_the_months_of_the_instalments_are_paid_whole(session: Session):
    fees = {"joining_minor": 10000, "deposit": True, "instalments": {"first_minor": 2000, "within_months": 3}}
    chain = Chain(session, "s_group", fees=fees)
    member = chain.member("2026-01-31")
    for month in range(2, 7):
        chain.buys(member, 500_00, f"2026-{month:02}-20")
        chain.settles("bonus", (dt.date(2026, month + 1, 1) - dt.timedelta(days=1)).isoformat())
    rows = chain.given(member)
    assert [each.to_fee_minor for each in rows] == [15_00, 15_00, 15_00, 0, 0], "30 April is three months after"
    assert [each.value for each in rows] == [0, 0, 0, 15_00, 15_00]


class TestTeamSportia:
    @pytest.fixture
    def chain(self, session: Session) -> Chain:
        chain = Chain(session, "team_sportia", since="2025-08-01")
        a_kind(session, has_pin=False, least_minor=1_00, most_minor=1_000_00)
        return chain

    def test_every_2500_points_become_25(self, chain: Chain):  # ts-1, ts-2
        member = chain.member("2026-09-01")
        chain.buys(member, 2_400_00, "2026-10-01")
        chain.settles("bonus", "2026-10-01")
        assert (chain.balance(member), chain.cards(member)) == (2400, [])
        chain.buys(member, 2_800_00, "2026-10-02")
        chain.settles("bonus", "2026-10-02")
        assert (chain.balance(member), chain.cards(member)) == (200, [50_00])
        chain.settles("bonus", "2026-10-03")
        assert chain.cards(member) == [50_00]

    def test_what_gave_no_bonus_goes_on_in_the_next_year(self, chain: Chain):  # ts-4
        member = chain.member("2025-09-01")
        chain.buys(member, 3_100_00, "2026-08-20")
        chain.settles("bonus", "2026-08-20")
        chain.settles("bonus", "2026-08-31")
        assert (chain.balance(member), chain.cards(member)) == (600, [25_00])
        chain.buys(member, 1_900_00, "2026-09-10")
        chain.settles("bonus", "2026-09-10")
        assert (chain.balance(member), chain.cards(member)) == (0, [25_00, 25_00])


def test_ten_stamps_become_money_overnight(session: Session):  # wat-2
    chain = Chain(session, "waterstones")
    a_kind(session, has_pin=False, least_minor=1_00, most_minor=1_000_00)
    member = chain.member("2026-09-01")
    for minor in (90_00, 7_00):
        chain.buys(member, minor, "2026-10-01")
    assert chain.balance(member) == 19
    chain.settles("ten-stamps", "2026-10-01")
    assert chain.cards(member) == []
    chain.buys(member, 7_00, "2026-10-02")
    assert chain.balance(member) == 20
    chain.settles("ten-stamps", "2026-10-02")
    assert (chain.balance(member), chain.cards(member)) == (0, [10_00])
