# REQ C-08 M-04 M-08: what was done to a joined membership before its two customers are parted again
import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.breaks.commands import (
    correct_membership,
    end_membership,
    loss_of,
    pause_membership,
    restore_membership,
    resume_membership,
)
from erp_club.clubs.commands import extend_membership, hold, join_club, renew_membership
from erp_club.clubs.models import Membership
from erp_club.clubs.periods import Span, runs
from erp_club.jobs.verify import wrong_rows
from erp_club.kernel.errors import Conflict
from erp_club.people.merging.commands import merge_customers
from erp_club.people.merging.undoing.commands import undo_merge
from erp_club.permissions.actors import SYSTEM
from tests.make.clubs import a_club, a_membership, moved
from tests.make.customers import a_person

TODAY = dt.date(2026, 11, 22)


@dataclass
class Club:
    """A club of a year, whose survivor joined on 1 January and whose merged one on 1 June, with 7 and 10 points."""

    session: Session
    day: dt.date = TODAY
    minutes: int = 0
    merges: list[int] = field(default_factory=list[int])

    def __post_init__(self) -> None:
        self.club = a_club(self.session)
        self.survivor = self.member(dt.date(2026, 1, 1), 7)
        self.merged = self.member(dt.date(2026, 6, 1), 10)

    def member(self, joined_on: dt.date, points: int) -> int:
        customer = a_person(self.session)
        joined = a_membership(self.session, customer, self.club, joined_on=joined_on)
        if points:
            moved(self.session, customer, joined.points_account_id, points, on=joined_on)
        return customer

    def when(self) -> dict[str, Any]:
        """Each deed a minute after the one before."""
        self.minutes += 1
        now = dt.datetime.combine(self.day, dt.time(6), dt.UTC) + dt.timedelta(minutes=self.minutes)
        return {"today": self.day, "now": now, "by": SYSTEM}

    def of(self, customer: int) -> int:
        return self.session.scalars(sa.select(Membership.id).where(Membership.customer_id == customer)).one()

    def merge(self, survivor: int | None = None, merged: int | None = None) -> int:
        one, other = survivor or self.survivor, merged or self.merged
        self.merges.append(merge_customers(self.session, one, other, take=(), **self.when()))
        return self.merges[-1]

    def part(self, merge_id: int | None = None) -> None:
        undo_merge(self.session, merge_id or self.merges.pop(), **self.when())

    def end(self, customer: int | None = None) -> None:
        held = self.of(customer or self.survivor)
        lost = loss_of(self.session, held, on=self.day).points
        end_membership(self.session, held, on=self.day, points_lost=lost, reason="", **self.when())

    def rejoin(self) -> None:
        join_club(self.session, self.survivor, club_id=self.club, **self.when())

    def earn(self, points: int) -> None:
        held = hold(self.session, self.of(self.survivor))
        moved(self.session, held.account.holder_id, held.account.id, points, on=self.day)

    def renew(self) -> None:
        renew_membership(self.session, self.of(self.survivor), **self.when())

    def pause(self) -> None:
        pause_membership(self.session, self.of(self.survivor), on=self.day, reason="", **self.when())

    def resume(self, customer: int | None = None) -> None:
        resume_membership(self.session, self.of(customer or self.survivor), **self.when())

    def restore(self, customer: int | None = None) -> None:
        restore_membership(self.session, self.of(customer or self.survivor), **self.when())

    def later(self, days: int) -> None:
        self.day += dt.timedelta(days=days)

    def told(self, customer: int) -> tuple[str, str, int]:
        """State, days and points of a customer's membership."""
        held = hold(self.session, self.of(customer))
        balance = self.session.scalar(
            sa.text("SELECT balance FROM points_accounts WHERE (customer_id, id) = (:holder, :id)"),
            {"holder": held.account.holder_id, "id": held.account.id},
        )
        assert held.account.holder_id == customer
        days = ", ".join(f"{span.first} {span.last}" for span in runs(held.spans))
        return held.state.value, days, balance or 0

    def both(self) -> tuple[tuple[str, str, int], tuple[str, str, int]]:
        self.session.expire_all()
        return self.told(self.survivor), self.told(self.merged)


@pytest.fixture
def club(session: Session) -> Club:
    return Club(session)


OURS, THEIRS = "2026-01-01 2026-12-31", "2026-06-01 2027-05-31"
ENDED = ("2026-01-01 2026-11-21", "2026-06-01 2026-11-21")


def test_what_was_ended_and_joined_anew_stays_ended_for_the_one_who_is_parted(club: Club):
    club.merge()
    club.end()
    club.rejoin()
    club.earn(5)
    club.part()
    anew = "2026-01-01 2027-11-21"
    assert club.both() == (("open", anew, 5), ("ended", ENDED[1], 0))
    club.restore(club.merged)
    assert club.both() == (("open", anew, 5), ("open", THEIRS, 10))
    assert wrong_rows(club.session) == []


def test_what_was_ended_joined_anew_and_ended_again_ended_for_the_other_the_first_time(club: Club):
    club.merge()
    club.end()
    club.later(2)
    club.rejoin()
    club.earn(5)
    club.later(3)
    club.end()
    club.part()
    assert club.both() == (
        ("ended", "2026-01-01 2026-11-21, 2026-11-24 2026-11-26", 0),
        ("ended", ENDED[1], 0),
    )
    club.restore(club.merged)
    club.restore()
    assert club.both() == (
        ("open", "2026-01-01 2026-11-21, 2026-11-24 2027-11-23", 5),
        ("open", THEIRS, 10),
    )


@pytest.mark.parametrize("first", ["survivor", "merged"])
def test_an_ending_that_is_undone_after_the_two_were_parted_gives_each_their_own_days(club: Club, first: str):
    club.merge()
    club.end()
    club.part()
    assert club.both() == (("ended", ENDED[0], 0), ("ended", ENDED[1], 0))
    order = [club.survivor, club.merged]
    for customer in order if first == "survivor" else order[::-1]:
        club.restore(customer)
    assert club.both() == (("open", OURS, 7), ("open", THEIRS, 10))


def test_an_ending_that_was_undone_before_the_two_are_parted_ends_nothing(club: Club):
    club.merge()
    club.end()
    club.restore()
    club.part()
    assert club.both() == (("open", OURS, 7), ("open", THEIRS, 10))


def test_a_renewal_since_the_merge_stays_without_a_gap(club: Club):
    club.merge()
    club.renew()
    club.part()
    assert club.both() == (("open", "2026-01-01 2028-05-31", 7), ("open", THEIRS, 10))


def test_days_that_a_correction_took_since_the_merge_do_not_come_again(club: Club):
    club.merge()
    days = [Span(dt.date(2026, 1, 1), dt.date(2027, 3, 31))]
    correct_membership(club.session, club.of(club.survivor), spans=days, reason="", now=club.when()["now"], by=SYSTEM)
    club.renew()
    club.part()
    assert club.both() == (("open", "2026-01-01 2028-03-31", 7), ("open", THEIRS, 10))


def test_a_pause_since_the_merge_moves_the_survivors_own_end(club: Club):
    club.merge()
    club.pause()
    club.later(15)
    club.resume()
    assert club.told(club.survivor)[1] == "2026-01-01 2026-11-21, 2026-12-07 2027-06-15"
    club.part()
    assert club.both() == (
        ("open", "2026-01-01 2026-11-21, 2026-12-07 2027-01-15", 7),
        ("open", THEIRS, 10),
    )


def test_who_is_paused_when_the_two_are_parted_is_paused_of_the_own_days(club: Club):
    club.merge()
    club.pause()
    club.later(15)
    club.part()
    assert club.both() == (("paused", ENDED[0], 7), ("open", THEIRS, 10))
    club.resume()
    assert club.both()[0] == ("open", "2026-01-01 2026-11-21, 2026-12-07 2027-01-15", 7)


def test_who_is_ended_while_paused_is_paused_of_the_own_days_when_that_is_undone(club: Club):
    club.merge()
    club.pause()
    club.later(5)
    club.end()
    club.part()
    assert [each[0] for each in club.both()] == ["ended", "ended"]
    club.restore()
    club.later(10)
    club.resume()
    assert club.both()[0] == ("open", "2026-01-01 2026-11-21, 2026-12-07 2027-01-15", 7)


def test_of_a_chain_each_gets_the_own_days_back_from_the_end(club: Club):
    third = club.member(dt.date(2026, 9, 1), 4)
    first = club.merge()
    club.merge(third, club.survivor)
    with pytest.raises(Conflict, match="merged"):
        club.part(first)
    club.part()
    assert club.told(third) == ("open", "2026-09-01 2027-08-31", 4)
    club.part()
    assert club.both() == (("open", OURS, 7), ("open", THEIRS, 10))


@pytest.mark.parametrize("anew", [False, True])
def test_what_was_ended_at_the_end_of_a_chain_is_ended_for_all_of_it(club: Club, *, anew: bool):
    club.merge()
    middle, club.survivor = club.survivor, club.member(dt.date(2026, 9, 1), 4)
    club.merge(club.survivor, middle)
    club.end()
    if anew:
        club.rejoin()
        club.earn(5)
    club.part()
    last = club.told(club.survivor)
    assert last == (("open", "2026-09-01 2027-11-21", 5) if anew else ("ended", "2026-09-01 2026-11-21", 0))
    club.survivor = middle
    club.part()
    assert club.both() == (("ended", ENDED[0], 0), ("ended", ENDED[1], 0))
    club.restore(club.merged)
    club.restore(middle)
    assert club.both() == (("open", OURS, 7), ("open", THEIRS, 10))
    assert not anew or wrong_rows(club.session) == []


@pytest.mark.parametrize("first", [0, 1])
def test_two_who_were_merged_into_one_are_parted_in_either_order(club: Club, first: int):
    other = club.member(dt.date(2026, 9, 1), 4)
    merges = [club.merge(), club.merge(merged=other)]
    assert club.told(club.survivor) == ("open", "2026-01-01 2027-08-31", 21)
    club.part(merges[first])
    club.part(merges[1 - first])
    assert club.told(other) == ("open", "2026-09-01 2027-08-31", 4)
    assert club.both() == (("open", OURS, 7), ("open", THEIRS, 10))


def test_a_membership_that_came_over_goes_back_with_what_was_done_to_it(club: Club):
    survivor, club.survivor = club.survivor, a_person(club.session)
    club.merge()
    club.pause()
    club.later(10)
    club.resume()
    club.end()
    club.rejoin()
    club.part()
    assert club.told(club.merged) == ("open", "2026-06-01 2026-11-21, 2026-12-02 2027-12-01", 0)
    assert club.told(survivor) == ("open", OURS, 7)


def test_one_who_had_left_has_left_again_when_parted_unless_joined_anew(club: Club):
    club.end()
    club.merge()
    assert club.told(club.survivor) == ("open", THEIRS.replace("2026-06-01", "2026-01-01"), 10)
    club.part()
    assert club.both() == (("ended", ENDED[0], 0), ("open", THEIRS, 10))
    club.merge()
    club.pause()
    club.part()
    assert club.both() == (("ended", ENDED[0], 0), ("open", THEIRS, 10))
    club.merge()
    until = dt.date(2027, 6, 30)
    extend_membership(club.session, club.of(club.survivor), until=until, **club.when())
    club.part()
    assert club.both() == (("open", "2026-01-01 2027-06-30", 0), ("open", THEIRS, 10))
