# REQ P-15, M-02: a reward may be reckoned by the member's own term: it comes when that ends, however it was carried on
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.breaks.commands import pause_membership, resume_membership
from erp_club.clubs.commands import extend_membership, renew_membership
from erp_club.clubs.models import Membership
from erp_club.permissions.actors import SYSTEM
from erp_club.programmes.engine.checks import findings
from erp_club.programmes.rewards.outlook.queries import rewards_ahead
from erp_club.reports.what_if import what_if
from tests.make.programmes import a_programme, day
from tests.programmes.test_more_clubs import Club

TERM = {"kind": "months", "months": 3}
REWARD: dict[str, Any] = {
    "code": "bonus", "period": {"every": "term"}, "gives": {"kind": "payout"}, "rest": "drop",
    "function": {"kind": "percent", "steps": [{"from_amount": 100_00, "rate_bp": 1_000}]},
}  # fmt: skip


class Yearly(Club):
    """A club whose members pay for three months each time."""

    def of(self, customer: int) -> int:
        return self.session.scalars(sa.select(Membership.id).where(Membership.customer_id == customer)).one()

    def does(self, what: Any, customer: int, today: str, **said: Any) -> None:
        now = dt.datetime.fromisoformat(f"{today}T09:00:00+00:00")
        what(self.session, self.of(customer), today=day(today), now=now, by=SYSTEM, **said)

    def nights(self, first: str, last: str) -> None:
        """The job of each night, as the clock starts it."""
        on = day(first)
        while on <= day(last):
            self.settles("bonus", on.isoformat())
            on += dt.timedelta(days=1)

    def values(self, customer: int) -> list[tuple[str, int, int]]:
        return [(each.last_on.isoformat(), each.base, each.value) for each in self.given(customer)]


@pytest.fixture
def club(session: Session) -> Yearly:
    return Yearly(session, rewards=[REWARD], term=TERM)


def test_a_term_is_rewarded_when_it_ends_and_the_next_one_begins_anew(club: Yearly):
    member = club.member("2026-02-01")
    club.buys(member, 80_00, "2026-02-10")
    club.does(renew_membership, member, "2026-04-20")
    club.buys(member, 40_00, "2026-04-30")
    club.buys(member, 90_00, "2026-05-01")
    club.nights("2026-04-28", "2026-05-03")
    assert club.values(member) == [("2026-04-30", 120_00, 12_00)]
    club.buys(member, 20_00, "2026-07-31")
    club.nights("2026-07-29", "2026-08-02")
    assert club.values(member)[1:] == [("2026-07-31", 110_00, 11_00)]


def test_each_member_has_a_term_of_its_own(club: Yearly):
    early, late = club.member("2026-02-01"), club.member("2026-02-15")
    for member in (early, late):
        club.buys(member, 200_00, "2026-03-01")
    club.nights("2026-04-29", "2026-05-02")
    assert [len(club.given(each)) for each in (early, late)] == [1, 0]
    club.nights("2026-05-13", "2026-05-15")
    assert [len(club.given(each)) for each in (early, late)] == [1, 1]


def test_a_pause_ends_no_term(club: Yearly):
    member = club.member("2026-02-01")
    club.buys(member, 60_00, "2026-02-10")
    club.does(pause_membership, member, "2026-03-01", on=day("2026-03-01"), reason="away")
    club.nights("2026-02-27", "2026-03-03")
    club.does(resume_membership, member, "2026-04-01")
    club.buys(member, 60_00, "2026-04-10")
    assert club.values(member) == []
    club.nights("2026-05-29", "2026-06-02")
    assert [value for _, _, value in club.values(member)] == [12_00]


def test_what_prolongs_a_term_belongs_to_it_and_what_was_rewarded_already_counts_once(club: Yearly):
    member = club.member("2026-02-01")
    club.buys(member, 150_00, "2026-02-10")
    club.does(extend_membership, member, "2026-04-01", until=day("2026-05-10"))
    club.nights("2026-04-29", "2026-05-02")
    assert club.values(member) == []
    club.nights("2026-05-09", "2026-05-11")
    club.does(extend_membership, member, "2026-05-11", until=day("2026-05-20"))
    club.buys(member, 100_00, "2026-05-15")
    club.nights("2026-05-19", "2026-05-21")
    assert club.values(member) == [("2026-05-10", 150_00, 15_00), ("2026-05-20", 100_00, 10_00)]


def test_what_is_reached_in_a_term_is_given_in_it_and_counted_anew_in_the_next(session: Session):
    every = {"kind": "every", "every": 100_00, "value": 5_00}
    club = Yearly(session, rewards=[REWARD | {"function": every}], term=TERM)
    member = club.member("2026-02-01")
    club.does(renew_membership, member, "2026-04-20")
    given: list[int] = []
    for minor, on in ((150_00, "2026-02-10"), (70_00, "2026-04-30"), (90_00, "2026-05-01"), (10_00, "2026-05-02")):
        club.buys(member, minor, on)
        given.append(sum(each.value for each in club.given(member)))
    assert given == [5_00, 10_00, 10_00, 15_00]


def test_what_if_and_the_outlook_go_by_terms_too(session: Session, club: Yearly):
    member = club.member("2026-02-01")
    club.does(renew_membership, member, "2026-04-20")
    for minor, on in ((120_00, "2026-02-10"), (70_00, "2026-05-02"), (90_00, "2026-06-01")):
        club.buys(member, minor, on)
    (ahead,) = rewards_ahead(session, club.club_id, club.of(member), on=day("2026-06-02"))
    assert (ahead.last, ahead.base, ahead.value) == (day("2026-07-31"), 160_00, 16_00)
    club.nights("2026-04-30", "2026-04-30")
    club.nights("2026-07-31", "2026-07-31")
    tried = a_programme(switch={"effective_from": "2026-01-01"}, rewards=[REWARD], term=TERM)
    told = what_if(session, tried, None, today=day("2026-08-02"), progress=lambda *_: None)
    assert told.tried.rewards == {"bonus": sum(each.value for each in club.given(member))}


def test_a_condition_over_terms_looks_at_the_terms_before(session: Session):
    needs = [{"at_least": 50_00, "periods": 2, "of_them": 2}]
    club = Yearly(session, rewards=[REWARD | {"needs": needs}], term=TERM)
    steady, new = club.member("2026-02-01"), club.member("2026-05-01")
    club.does(renew_membership, steady, "2026-04-20")
    club.buys(steady, 60_00, "2026-02-10")
    for member in (steady, new):
        club.buys(member, 200_00, "2026-06-01")
    club.nights("2026-07-31", "2026-07-31")
    assert [[each.value for each in club.given(member)] for member in (steady, new)] == [[20_00], [0]]


def test_a_membership_without_end_has_no_term_that_ends():
    assert [each.path for each in findings(a_programme(rewards=[REWARD])) if each.stops] == ["rewards[0].period"]
    assert [each.path for each in findings(a_programme(rewards=[REWARD], term=TERM)) if each.stops] == []
