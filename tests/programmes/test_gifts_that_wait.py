# REQ P-15, P-13, P-18: what a rule gives later is promised when it is reached, and given once on its day as it was then
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.breaks.commands import end_membership, loss_of
from erp_club.jobs.declared import Run
from erp_club.jobs.gifts import GIFTS_GIVE
from erp_club.permissions.actors import SYSTEM
from erp_club.points.models import PointsAccount, PointsLot
from erp_club.programmes.commands import load_programme
from erp_club.programmes.events.commands import tell_event
from erp_club.programmes.events.told import At, Happened
from erp_club.programmes.rewards.models import PeriodSettlement
from erp_club.programmes.welcoming.commands import Welcome, renewed, welcome
from erp_club.promotions.coupons.models import Coupon
from erp_club.purchases.commands import post_sale
from tests.make.clubs import a_customer, a_membership
from tests.make.programmes import a_programme
from tests.make.purchases import a_line, a_product, a_sale, a_till

DAY = dt.date(2026, 6, 10)
NOW = dt.datetime(2026, 6, 10, 9, tzinfo=dt.UTC)
POINTS = [{"kind": "points", "points": 50}]


class Club:
    """A club that gives something, and a night that gives what waits."""

    def __init__(self, session: Session, **said: Any) -> None:
        self.session = session
        self.till = a_till(session)
        self.runs = self.numbers = 0
        self.loaded(**said)

    def loaded(self, **said: Any) -> None:
        how: dict[str, Any] = {"currency": "ILS", "language": "he", "today": DAY, "now": NOW, "by": SYSTEM}
        self.club_id = load_programme(self.session, a_programme(**said), publish=True, **how).club_id

    def joins(self) -> int:
        self.numbers += 1
        self.customer = a_customer(self.session, f"N{self.numbers}")
        joined = a_membership(self.session, self.customer, self.club_id, joined_on=DAY)
        welcome(self.session, self.customer, Welcome(DAY, NOW, SYSTEM))
        return joined.membership_id

    def run(self, on: str) -> Run:
        self.runs += 1
        day = dt.date.fromisoformat(on)
        now = dt.datetime.combine(day, dt.time(1), dt.UTC)
        return Run(self.runs, "gifts-give", day, {}, SYSTEM, now)

    def night(self, on: str) -> int:
        """How many gifts a night gives."""
        run, given, cursor = self.run(on), 0, None
        while True:
            step = GIFTS_GIVE.batch(self.session, run, cursor)
            given, cursor = given + step.counts.get("given", 0), step.after
            if cursor is None:
                return given

    def points(self) -> int:
        return self.session.execute(sa.select(sa.func.sum(PointsAccount.balance))).scalar_one() or 0


def hello(gives: list[dict[str, Any]] = POINTS, **issue: Any) -> dict[str, Any]:
    return {"code": "hello", "occasion": "joining", "gives": gives, "issue": issue}


@pytest.mark.parametrize(
    ("issue", "before", "day"),
    [
        ({"at": "night"}, "2026-06-10", "2026-06-11"),
        ({"after_days": 3}, "2026-06-12", "2026-06-13"),
        ({"at": "night", "after_days": 3}, "2026-06-13", "2026-06-14"),
        ({"at": "period_end"}, "2026-06-30", "2026-07-01"),
        ({"published_on": "2026-12-01"}, "2026-11-30", "2026-12-01"),
        ({"published_on": "2026-01-01", "at": "night"}, "2026-06-10", "2026-06-11"),
    ],
)
def test_a_gift_comes_on_the_day_that_its_rule_says_and_once(
    session: Session, issue: dict[str, Any], before: str, day: str
):
    club = Club(session, occasions=[hello(**issue)])
    club.joins()
    assert (club.points(), club.night(before), club.points()) == (0, 0, 0)
    assert (club.night(day), club.points()) == (1, 50)
    assert (club.night(day), club.points()) == (0, 50)


def test_what_is_given_at_once_does_not_wait(session: Session):
    club = Club(session, occasions=[hello()])
    club.joins()
    assert (club.points(), club.night("2026-06-11")) == (50, 0)


def test_what_was_promised_keeps_its_terms_and_its_days_are_counted_from_its_own(session: Session):
    club = Club(session, occasions=[hello(after_days=5, valid_days=10)])
    club.joins()
    club.loaded(occasions=[hello([{"kind": "points", "points": 1}], valid_days=1)])
    assert (club.night("2026-06-15"), club.points()) == (1, 50)
    assert session.scalars(sa.select(PointsLot.last_day)).one() == dt.date(2026, 6, 25)


def test_what_waits_for_a_member_who_has_ended_is_not_given(session: Session):
    club = Club(session, occasions=[hello(at="night")])
    membership = club.joins()
    lost = loss_of(session, membership, on=DAY).points
    end_membership(session, membership, on=DAY, points_lost=lost, reason="", today=DAY, now=NOW, by=SYSTEM)
    assert club.night("2026-06-11") == 0
    assert session.scalars(sa.select(PeriodSettlement.state)).one() == "waiting"


def test_a_milestone_waits_for_the_end_of_its_year_and_an_event_for_the_night(session: Session):
    milestone = {"code": "half", "at": 100_00, "gives": POINTS, "issue": {"at": "period_end"}}
    review = {"code": "review", "occasion": "event", "event": "review", "gives": POINTS, "issue": {"at": "night"}}
    club = Club(session, levels={"levels": [{"code": "A"}], "milestones": [milestone]}, occasions=[review])
    club.joins()
    at = dt.datetime(2026, 6, 12, 10, tzinfo=dt.UTC)
    line = a_line(a_product(session), 120_00)
    post_sale(
        session, a_sale(club.till, line, receipt_no="R1", customer_id=club.customer, sold_at=at), now=at, by=SYSTEM
    )
    tell_event(
        session,
        Happened("review", club.customer, "order-1"),
        At(dt.datetime.fromisoformat("2026-06-12T12:00"), at, SYSTEM),
    )
    assert (club.night("2026-06-12"), club.night("2026-06-13"), club.points()) == (0, 1, 50)
    assert (club.night("2026-12-31"), club.night("2027-01-01"), club.points()) == (0, 1, 100)


def test_a_night_tells_beforehand_what_it_gives_and_can_be_undone(session: Session):
    club = Club(session, occasions=[hello([{"kind": "code", "amount_minor": 5_00}], at="night")])
    club.joins()
    club.joins()
    assert GIFTS_GIVE.preview is not None
    assert GIFTS_GIVE.undo is not None
    assert GIFTS_GIVE.preview(session, club.run("2026-06-10")).counts == {"given": 0, "value": 0}
    assert GIFTS_GIVE.preview(session, club.run("2026-06-11")).counts == {"given": 2, "value": 2}
    run = club.run("2026-06-11")
    GIFTS_GIVE.batch(session, run, None)
    undo = Run(99, "gifts-give", run.as_of, {}, SYSTEM, run.now, undo_of=run.id)
    GIFTS_GIVE.undo(session, undo, [1])
    assert session.scalars(sa.select(PeriodSettlement.state)).all() == ["undone", "undone"]
    assert session.scalars(sa.select(Coupon.state)).all() == ["taken_back", "taken_back"]


@pytest.mark.parametrize(
    ("asked", "points"),
    [
        ({}, 50),
        ({"levels": ["GOLD"]}, 0),
        ({"least_months": 13}, 0),
        ({"least_points": 10}, 0),
        ({"levels": ["BASE"]}, 50),
    ],
)
def test_a_gift_for_renewing_asks_what_its_rule_asks(session: Session, asked: dict[str, Any], points: int):
    rule = {"code": "again", "occasion": "renewal", "gives": POINTS, **asked}
    levels = {"levels": [{"code": "BASE"}, {"code": "GOLD", "at_least": 1_000_00}]}
    club = Club(session, occasions=[rule], levels=levels)
    membership = club.joins()
    later = dt.date(2027, 6, 10)
    renewed(session, membership, later, Welcome(later, NOW, SYSTEM))
    assert club.points() == points


def test_a_gift_for_renewing_comes_as_often_a_year_as_its_rule_says(session: Session):
    rule = {"code": "again", "occasion": "renewal", "gives": POINTS, "most_per_year": 1}
    club = Club(session, occasions=[rule])
    membership = club.joins()
    for day in (dt.date(2027, 2, 1), dt.date(2027, 8, 1), dt.date(2028, 2, 1)):
        renewed(session, membership, day, Welcome(day, NOW, SYSTEM))
    assert club.points() == 100
