# REQ M-02, M-06: a membership goes on by itself, or by a purchase over a sum, where the club's programme says so
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.models import Customer
from erp_club.customers.relatives.commands import add_relative
from erp_club.customers.relatives.kinds import RelativeKind
from erp_club.jobs.declared import Run
from erp_club.jobs.renewals import MEMBERSHIPS_RENEW
from erp_club.kernel.errors import Refused
from erp_club.permissions.actors import SYSTEM
from erp_club.programmes.commands import load_programme
from erp_club.purchases.asked import Asked
from erp_club.purchases.commands import post_sale
from erp_club.purchases.entitlements.queries import rights
from erp_club.purchases.fees.joining import Day
from erp_club.purchases.fees.unsold import join
from erp_club.purchases.pricing import price_basket
from erp_club.purchases.quotes.told import Buyer
from tests.make.clubs import a_customer
from tests.make.programmes import a_programme
from tests.make.purchases import a_line, a_place, a_product, a_sale, a_till

JOINED = dt.date(2026, 1, 1)
NOW = dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)


class Club:
    """A club for a year, and somebody who joins on the first of January."""

    def __init__(self, session: Session, renewal: dict[str, Any], **said: Any) -> None:
        self.session, self.till = session, a_till(session)
        self.product, self.numbers = a_product(session), 0
        club = a_programme(**({"term": {"kind": "months", "months": 12}} | said), renewal=renewal)
        how: dict[str, Any] = {"currency": "ILS", "language": "he", "today": JOINED, "now": NOW, "by": SYSTEM}
        self.club_id = load_programme(session, club, publish=True, **how).club_id
        self.member = a_customer(session, "M1")
        join(session, self.member, self.club_id, day=Day(JOINED, NOW, SYSTEM, None))

    def buys(self, on: str, minor: int) -> None:
        self.numbers += 1
        at = dt.datetime.fromisoformat(f"{on}T10:00:00+00:00")
        line = a_line(self.product, minor)
        sale = a_sale(self.till, line, receipt_no=f"R{self.numbers}", customer_id=self.member, sold_at=at)
        post_sale(self.session, sale, now=at, by=SYSTEM)

    def night(self, on: str) -> str:
        """The last day of the membership after a night."""
        day = dt.date.fromisoformat(on)
        now = dt.datetime.combine(day, dt.time(1), dt.UTC)
        run, cursor = Run(1, "memberships-renew", day, {}, SYSTEM, now), None
        while True:
            cursor = MEMBERSHIPS_RENEW.batch(self.session, run, cursor).after
            if cursor is None:
                return self.until()

    def until(self) -> str:
        last = sa.text("SELECT max(upper(validity)) - 1 FROM membership_periods")
        return str(self.session.execute(last).scalar_one())


def test_a_membership_goes_on_by_itself_in_the_night_after_its_last_day(session: Session):
    club = Club(session, {"by": "itself"})
    assert club.night("2026-12-31") == "2026-12-31"
    assert club.night("2027-01-01") == "2027-12-31"
    assert club.night("2027-01-02") == "2027-12-31"


def test_one_that_is_renewed_for_another_length_is_so(session: Session):
    club = Club(session, {"by": "itself", "months": 3})
    assert club.night("2027-01-01") == "2027-03-31"


def test_one_that_costs_something_waits_for_the_fee_unless_its_term_waives_it(session: Session):
    fees = {"renewal_minor": 20_00, "renewal_product": "FEE", "waiver": {"at_least_minor": 100_00}}
    club = Club(session, {"by": "itself", "grace_days": 5}, fees=fees)
    assert club.night("2027-01-01") == "2026-12-31"
    club.buys("2026-06-01", 100_00)
    assert club.night("2027-01-02") == "2027-12-31"


def test_nothing_renews_by_itself_where_the_member_has_to_ask(session: Session):
    assert Club(session, {}).night("2027-01-01") == "2026-12-31"


def test_a_purchase_over_the_sum_renews_once_in_the_term_and_a_smaller_one_never(session: Session):
    club = Club(session, {"by": "purchase", "purchase_minor": 50_00})
    club.buys("2026-06-01", 49_99)
    assert club.night("2026-06-02") == "2026-12-31"
    club.buys("2026-06-02", 50_00)
    assert club.night("2026-06-03") == "2027-12-31"
    club.buys("2026-06-03", 80_00)
    assert club.night("2026-06-04") == "2027-12-31", "the term that it was made in is renewed already"
    assert club.night("2027-01-01") == "2027-12-31"
    club.buys("2027-02-01", 80_00)
    assert club.night("2027-02-02") == "2028-12-31"


@pytest.mark.parametrize(
    ("bought", "night", "until"),
    [
        ("2026-12-01", "2026-12-02", "2026-12-31"),
        ("2026-12-02", "2026-12-03", "2027-12-31"),
        ("2027-01-10", "2027-01-11", "2027-12-31"),
        ("2027-01-11", "2027-01-12", "2026-12-31"),
    ],
)
def test_a_purchase_renews_within_the_days_before_the_end_and_the_grace_days_after_it(
    session: Session, bought: str, night: str, until: str
):
    club = Club(session, {"by": "purchase", "purchase_minor": 50_00, "earliest_days": 29, "grace_days": 10})
    club.buys(bought, 60_00)
    assert club.night(night) == until


@pytest.mark.parametrize(("goes_on", "points"), [(True, [10, 10, 0]), (False, [10, 0, 0])])
def test_benefits_hold_in_the_grace_days_only_where_the_club_says_so(
    session: Session, goes_on: bool, points: list[int]
):
    # REQ M-02: benefits in the grace days are off unless said
    rate = {"kind": "money", "code": "rate", "points": 1, "per_minor": 1_00}
    coffee = {"code": "coffee", "gives": {"kind": "service"}, "count": 1}
    renewal = {"grace_days": 10, "benefits_in_grace": goes_on}
    club = Club(session, renewal, earning={"rules": [rate]}, entitlements=[coffee])
    before, earned, has = 0, [], []
    for on in ("2026-12-31", "2027-01-10", "2027-01-11"):
        club.buys(on, 10_00)
        balance = session.execute(sa.text("SELECT balance FROM points_accounts")).scalar_one()
        earned.append(balance - before)
        before = balance
        has.append(len(rights(session, club.member, on=dt.date.fromisoformat(on))))
    assert earned == points
    assert has == [1 if each else 0 for each in points]
    a_product(session, "GOODS", price_minor=1_00)
    priced = quote_of(session, club, "2027-01-10")
    assert priced == (["CLUB"] if goes_on else [])


def quote_of(session: Session, club: Club, on: str) -> list[str]:
    """The clubs that a quote of a day finds."""
    place = a_place(session, club.till, now=dt.datetime.fromisoformat(f"{on}T10:00:00+00:00"))
    basket = price_basket(session, Asked((("GOODS", 1000),), Buyer(customer_id=club.member)), place)
    return sorted(basket.accounts)


def test_a_membership_lasts_to_an_age_of_the_member_or_of_the_youngest_child(session: Session):
    club = Club(session, {}, code="BABY", names={"en": "Baby club"}, term={"kind": "lifetime"})
    how: dict[str, Any] = {"currency": "ILS", "language": "he", "today": JOINED, "now": NOW, "by": SYSTEM}
    for of, code in (("member", "YOUTH"), ("child", "BABY3")):
        term = {"kind": "age", "age": 18 if of == "member" else 3, "of": of}
        document = a_programme(code=code, names={"en": code}, term=term)
        club_id = load_programme(session, document, publish=True, **how).club_id
        with pytest.raises(Refused) as unknown:
            join(session, club.member, club_id, day=Day(JOINED, NOW, SYSTEM, None))
        assert unknown.value.facts == {"because": ["term.age"]}
        session.get_one(Customer, club.member).birthday = dt.date(2009, 5, 10)
        for name, born in (("Dan", dt.date(2022, 12, 31)), ("Noa", dt.date(2024, 2, 29))):
            if of == "child":
                told: dict[str, Any] = {"kind": RelativeKind.CHILD, "name": name, "birthday": born}
                add_relative(session, club.member, today=JOINED, now=NOW, by=SYSTEM, **told)
        session.flush()
        join(session, club.member, club_id, day=Day(JOINED, NOW, SYSTEM, None))
    last = sa.text(
        "SELECT upper(p.validity) - 1 FROM membership_periods p JOIN memberships m ON m.id = p.membership_id"
        " JOIN clubs c ON c.id = m.club_id WHERE c.code IN ('YOUTH', 'BABY3') ORDER BY c.code"
    )
    assert [str(each) for each in session.scalars(last)] == ["2027-02-27", "2027-05-09"]
