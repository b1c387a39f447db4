# REQ C-08 M-02: a term that slides with each purchase, where its two customers are made one and parted again
import datetime as dt
import itertools
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.breaks.commands import correct_membership, pause_membership, resume_membership
from erp_club.clubs.commands import hold, join_club
from erp_club.clubs.models import Membership
from erp_club.clubs.periods import Span, runs
from erp_club.people.merging.commands import merge_customers
from erp_club.people.merging.undoing.commands import undo_merge
from erp_club.people.merging.undoing.outlook import outlook
from erp_club.permissions.actors import SYSTEM
from erp_club.programmes.commands import load_programme
from erp_club.purchases.commands import post_sale
from erp_club.purchases.returns.commands import Asked, return_goods
from erp_club.purchases.returns.facts import Wish
from tests.make.customers import a_person
from tests.make.programmes import a_programme
from tests.make.purchases import a_line, a_place, a_product, a_sale, a_till


def noon(day: str) -> dt.datetime:
    return dt.datetime.combine(dt.date.fromisoformat(day), dt.time(12), dt.UTC)


@dataclass
class Shop:
    """A club whose term is 12 months from each purchase of 20.00, with two members, bought from on given days."""

    session: Session
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.till, self.milk = a_till(self.session), a_product(self.session)
        club = a_programme(term={"kind": "sliding", "months": 12, "least_minor": 20_00})
        how: dict[str, Any] = {"currency": "ILS", "language": "en", "now": noon("2026-01-01"), "by": SYSTEM}
        self.club = load_programme(self.session, club, today=dt.date(2020, 1, 1), publish=True, **how).club_id
        self.survivor = self.member("2026-01-01", "2026-12-31")
        self.merged = self.member("2026-06-01", "2028-05-31")

    def member(self, first: str, last: str) -> int:
        customer, span = a_person(self.session), Span(dt.date.fromisoformat(first), dt.date.fromisoformat(last))
        when: dict[str, Any] = {"today": span.first, "now": noon(first), "by": SYSTEM}
        join_club(self.session, customer, club_id=self.club, span=span, **when)
        return customer

    def of(self, customer: int) -> int:
        return self.session.scalars(sa.select(Membership.id).where(Membership.customer_id == customer)).one()

    def days(self, customer: int) -> str:
        spans = runs(hold(self.session, self.of(customer)).spans)
        return ", ".join(f"{span.first} {span.last}" for span in spans)

    def both(self) -> tuple[str, str]:
        return self.days(self.survivor), self.days(self.merged)

    def buy(self, day: str, minor: int = 20_00, *, who: int | None = None) -> int:
        number, customer = f"R-{next(self.numbers)}", self.survivor if who is None else who
        sale = a_sale(self.till, a_line(self.milk, minor), customer_id=customer, receipt_no=number, sold_at=noon(day))
        return post_sale(self.session, sale, now=noon(day), by=self.till.by).receipt_id

    def back(self, day: str, receipt: int) -> None:
        place = a_place(self.session, self.till, now=noon(day))
        return_goods(self.session, receipt, Asked(Wish()), place, currency="ILS")

    def merge(self, day: str) -> None:
        when: dict[str, Any] = {"today": dt.date.fromisoformat(day), "now": noon(day), "by": SYSTEM}
        self.made = merge_customers(self.session, self.survivor, self.merged, take=(), **when)

    def part(self, day: str) -> None:
        """Part the two, after looking: what is told before is what comes."""
        when: dict[str, Any] = {"today": dt.date.fromisoformat(day), "now": noon(day), "by": SYSTEM}
        told = outlook(self.session, self.made, self.survivor, **when)
        undo_merge(self.session, self.made, **when)
        self.session.expire_all()
        seen = [", ".join(f"{s.first} {s.last}" for s in runs(each.spans)) for each in (*told.ours, *told.theirs)]
        assert tuple(seen) == self.both()


@pytest.fixture
def shop(session: Session) -> Shop:
    return Shop(session)


OURS, THEIRS = "2026-01-01 2026-12-31", "2026-06-01 2028-05-31"


def test_purchases_since_that_moved_nothing_as_one_move_the_survivors_own_end(shop: Shop):
    shop.merge("2026-10-01")
    shop.buy("2026-10-10")
    shop.buy("2027-03-05")
    shop.buy("2027-04-05", 19_99)
    assert shop.days(shop.survivor) == "2026-01-01 2028-05-31"
    shop.part("2027-05-01")
    assert shop.both() == ("2026-01-01 2028-03-04", THEIRS)


def test_without_a_purchase_since_each_has_the_own_days_again(shop: Shop):
    shop.buy("2026-02-01")
    shop.merge("2026-10-01")
    shop.part("2026-11-01")
    assert shop.both() == ("2026-01-01 2027-01-31", THEIRS)


def test_a_purchase_since_that_moved_the_end_of_both_stays_with_the_survivor(shop: Shop):
    shop.merge("2026-10-01")
    shop.buy("2027-06-15")
    assert shop.days(shop.survivor) == "2026-01-01 2028-06-14"
    shop.part("2027-07-01")
    assert shop.both() == ("2026-01-01 2028-06-14", THEIRS)


def test_a_purchase_that_came_back_as_one_moves_nothing(shop: Shop):
    shop.merge("2026-10-01")
    receipt = shop.buy("2026-10-10")
    shop.back("2026-10-20", receipt)
    shop.part("2026-11-01")
    assert shop.both() == (OURS, THEIRS)


def test_a_purchase_after_the_own_end_moves_nothing_of_the_survivors(shop: Shop):
    shop.merge("2026-10-01")
    shop.buy("2027-02-01")
    shop.part("2027-03-01")
    assert shop.both() == (OURS, THEIRS)


def test_a_pause_since_moves_what_a_purchase_before_it_gave(shop: Shop):
    shop.merge("2026-10-01")
    shop.buy("2026-10-10")
    membership, by = shop.of(shop.survivor), SYSTEM
    on, until = dt.date(2026, 10, 20), dt.date(2026, 10, 30)
    pause_membership(shop.session, membership, on=on, reason="", today=on, now=noon("2026-10-20"), by=by)
    resume_membership(shop.session, membership, today=until, now=noon("2026-10-30"), by=by)
    shop.part("2026-11-01")
    assert shop.both() == ("2026-01-01 2026-10-19, 2026-10-30 2027-10-19", THEIRS)


def test_days_that_a_correction_took_after_a_purchase_do_not_come_again(shop: Shop):
    shop.merge("2026-10-01")
    shop.buy("2026-10-10")
    days = [Span(dt.date(2026, 1, 1), dt.date(2027, 1, 31))]
    correct_membership(shop.session, shop.of(shop.survivor), spans=days, reason="", now=noon("2026-10-11"), by=SYSTEM)
    shop.part("2026-11-01")
    assert shop.both() == ("2026-01-01 2027-01-31", THEIRS)


def test_what_the_merged_one_brings_back_as_one_moves_their_own_end_when_parted(shop: Shop):
    shop.merged = shop.member("2026-02-01", "2026-12-15")
    receipt = shop.buy("2026-09-01", who=shop.merged)
    assert shop.days(shop.merged) == "2026-02-01 2027-08-31"
    shop.merge("2026-10-01")
    shop.buy("2026-10-10")
    shop.back("2026-10-20", receipt)
    shop.part("2026-11-01")
    assert shop.both() == ("2026-01-01 2027-10-09", "2026-02-01 2026-12-15")
