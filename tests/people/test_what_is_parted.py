# REQ C-08 M-04 M-08: what was done to a joined membership before its two customers are parted again
import datetime as dt
from typing import Any

import pytest
from sqlalchemy.orm import Session

from erp_club.clubs.breaks.commands import (
    correct_membership,
    end_membership,
    loss_of,
)
from erp_club.clubs.commands import extend_membership
from erp_club.clubs.lapse.commands import lapse_memberships
from erp_club.clubs.models import ClubRules
from erp_club.clubs.periods import Span
from erp_club.jobs.verify import wrong_rows
from erp_club.kernel.errors import Conflict
from erp_club.permissions.actors import SYSTEM
from tests.make.customers import a_person
from tests.make.two_of_a_club import Club


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


def test_one_who_had_left_and_left_again_as_one_is_parted_as_the_first_time(club: Club):
    club.end()
    club.later(2)
    club.merge()
    club.earn(5)
    club.later(3)
    club.end()
    club.part()
    assert club.both() == (("ended", ENDED[0], 0), ("ended", "2026-06-01 2026-11-26", 0))
    club.restore()
    club.restore(club.merged)
    assert club.both() == (("open", OURS, 12), ("open", THEIRS, 10))
    assert wrong_rows(club.session) == []


@pytest.mark.parametrize("restored", [False, True])
def test_one_who_had_left_that_day_is_joined_anew_or_restored_as_before_the_merge(club: Club, *, restored: bool):
    club.end()
    club.merge()
    club.end()
    if restored:
        club.restore()
    club.part()
    assert club.told(club.survivor) == ("ended", ENDED[0], 0)
    club.restore()
    assert club.told(club.survivor) == ("open", OURS, 7)
    assert club.told(club.merged) == (("open", THEIRS, 10) if restored else ("ended", ENDED[1], 0))


def test_one_who_leaves_on_a_day_to_come_leaves_on_that_day_when_parted(club: Club):
    lost = loss_of(club.session, club.of(club.survivor), on=club.day + dt.timedelta(days=8)).points
    on = club.day + dt.timedelta(days=8)
    end_membership(club.session, club.of(club.survivor), on=on, points_lost=lost, reason="", **club.when())
    club.merge()
    club.part()
    assert club.both() == (("ended", "2026-01-01 2026-11-29", 0), ("open", THEIRS, 10))
    club.restore()
    assert club.told(club.survivor) == ("open", OURS, 7)


@pytest.mark.parametrize("first", [0, 1])
def test_one_who_had_left_and_became_one_with_two_has_left_when_both_are_parted(club: Club, first: int):
    other = club.member(dt.date(2026, 9, 1), 4)
    club.end()
    merges = [club.merge(), club.merge(merged=other)]
    club.part(merges[first])
    assert club.told(club.survivor)[0] == "open"
    club.part(merges[1 - first])
    assert club.both() == (("ended", ENDED[0], 0), ("open", THEIRS, 10))
    assert club.told(other) == ("open", "2026-09-01 2027-08-31", 4)
    club.restore()
    assert club.told(club.survivor) == ("open", OURS, 7)


def rule(club: Club, **said: Any) -> None:
    document = {
        "lapsed": {"fate": "freeze", "freeze_months": 3},
        "ended": {"fate": "freeze", "freeze_months": 3},
    } | said
    early = dt.date(2020, 1, 1)
    row = ClubRules(club_id=club.club, version_no=9, effective_from=early, document=document, at=club.when()["now"])
    club.session.add(row)
    club.session.flush()


def lapse(club: Club) -> None:
    when = club.when()
    lapse_memberships(club.session, on=club.day, after=None, limit=9, run_id=None, now=when["now"], by=SYSTEM)


@pytest.mark.parametrize("used", [0, 12])
def test_points_that_were_frozen_can_be_used_as_one_and_are_frozen_again_when_parted(club: Club, used: int):
    rule(club)
    club.day = dt.date(2027, 1, 5)
    lapse(club)
    before = club.standing(club.survivor)
    assert before == ("frozen", dt.date(2027, 3, 31), 7)
    club.merge()
    assert club.standing(club.survivor) == ("open", None, 17)
    if used:
        club.use(used)
    club.later(1)
    lapse(club)
    club.part()
    left = min(17 - used, 10)
    assert club.standing(club.survivor) == ("frozen", dt.date(2027, 3, 31), 17 - used - left)
    assert club.both() == (("open", OURS, 17 - used - left), ("open", THEIRS, left))
    assert club.standing(club.merged) == ("open", None, left)
    club.renew()
    assert club.standing(club.survivor) == ("open", None, 17 - used - left)
    assert wrong_rows(club.session) == []


def test_points_that_were_lost_by_lapsing_are_lost_and_those_of_the_other_can_be_used(club: Club):
    rule(club, lapsed={"fate": "drop"})
    club.day = dt.date(2027, 1, 5)
    lapse(club)
    assert club.standing(club.survivor) == ("closed", None, 0)
    club.merge()
    assert club.standing(club.survivor) == ("open", None, 10)
    club.part()
    assert club.standing(club.survivor) == ("closed", None, 0)
    assert club.standing(club.merged) == ("open", None, 10)


@pytest.mark.parametrize("since", ["", "end", "renew"])
def test_points_that_an_ending_froze_are_frozen_again_unless_it_was_renewed_since(club: Club, since: str):
    rule(club)
    club.end()
    before = club.standing(club.survivor)
    assert before == ("frozen", dt.date(2027, 2, 22), 7)
    club.later(10)
    club.merge()
    assert club.standing(club.survivor) == ("open", None, 17)
    club.later(3)
    if since:
        getattr(club, since)()
    club.part()
    assert club.standing(club.survivor) == (("open", None, 7) if since == "renew" else before)
    frozen = ("frozen", dt.date(2027, 3, 5), 10)
    assert club.standing(club.merged) == (frozen if since == "end" else ("open", None, 10))
    if since != "renew":
        club.restore()
        assert (club.told(club.survivor), club.standing(club.survivor)[0]) == (("open", OURS, 7), "open")
    assert wrong_rows(club.session) == []


def test_one_who_had_lapsed_and_was_ended_as_one_has_lapsed_when_that_is_undone(club: Club):
    rule(club)
    club.day = dt.date(2027, 1, 5)
    lapse(club)
    club.merge()
    club.end()
    club.part()
    club.restore()
    club.restore(club.merged)
    assert club.both() == (("open", OURS, 7), ("open", THEIRS, 10))
    lapse(club)
    assert club.standing(club.survivor) == ("frozen", dt.date(2027, 3, 31), 7)
