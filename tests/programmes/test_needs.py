# REQ B-01, P-15: a gift for an occasion is only for those who have bought, earned or visited what its rule asks for
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.birthday.grants.commands import grant_next
from erp_club.birthday.models import BirthdayPlan
from erp_club.jobs.birthdays import BIRTHDAYS
from erp_club.jobs.declared import Run
from erp_club.permissions.actors import SYSTEM
from erp_club.points.models import PointsAccount
from erp_club.programmes.commands import load_programme
from erp_club.programmes.events.commands import tell_event
from erp_club.programmes.events.told import At, Happened
from erp_club.programmes.needs.queries import giving
from erp_club.programmes.rewards.models import PeriodSettlement
from erp_club.programmes.welcoming.commands import Welcome, renewed
from erp_club.purchases.commands import post_sale
from tests.make.birthdays import born
from tests.make.clubs import a_customer, a_membership
from tests.make.programmes import a_programme
from tests.make.purchases import a_line, a_product, a_sale, a_till

DAY = dt.date(2026, 6, 1)
TWO_VISITS = [{"measure": {"counts": "visits"}, "at_least": 2, "period": {"every": "year"}}]
HUNDRED = [{"measure": {"counts": "spend"}, "at_least": 100_00, "period": {"every": "rolling", "months": 12}}]


class Club:
    """A club whose gift of 50 points asks for something, and its members, who all have their birthday on 9 June."""

    def __init__(self, session: Session, **occasion: Any) -> None:
        self.session, self.till = session, a_till(session)
        self.product = a_product(session)
        rule = {"code": "treat", "gives": [{"kind": "points", "points": 50}], **occasion}
        now = dt.datetime.combine(DAY, dt.time(8), dt.UTC)
        how: dict[str, Any] = {"currency": "ILS", "language": "he", "today": DAY, "now": now, "by": SYSTEM}
        self.club_id = load_programme(session, a_programme(occasions=[rule]), publish=True, **how).club_id
        self.numbers = 0

    def member(self, *bought: tuple[str, int]) -> int:
        self.numbers += 1
        customer = born(self.session, a_customer(self.session, f"N{self.numbers}"), dt.date(1990, 6, 9))
        a_membership(self.session, customer, self.club_id, joined_on=dt.date(2025, 1, 1))
        for on, minor in bought:
            self.buys(customer, on, minor)
        return customer

    def buys(self, customer: int, on: str, minor: int) -> None:
        self.numbers += 1
        at = dt.datetime.fromisoformat(f"{on}T10:00:00+00:00")
        line = a_line(self.product, minor)
        sale = a_sale(self.till, line, receipt_no=f"R{self.numbers}", customer_id=customer, sold_at=at)
        post_sale(self.session, sale, now=at, by=SYSTEM)

    def night(self, on: dt.date) -> int:
        """What the birthdays of a night give; how many."""
        plan_id = self.session.scalars(sa.select(BirthdayPlan.id)).one()
        now = dt.datetime.combine(on, dt.time(1), dt.UTC)
        return grant_next(self.session, plan_id, giving(on, now, SYSTEM), after=None, limit=100).grants

    def points(self, customer: int) -> int:
        self.session.expire_all()
        asked = sa.select(PointsAccount.balance).where(PointsAccount.customer_id == customer)
        return self.session.scalars(asked).one()


@pytest.mark.parametrize("needs", [TWO_VISITS, HUNDRED])
def test_a_birthday_gift_is_for_those_who_bought_enough_and_comes_once_they_have(session: Session, needs: Any):
    club = Club(session, occasion="birthday", around={"whole_months": True}, needs=needs)
    loyal = club.member(("2026-02-01", 60_00), ("2026-03-01", 60_00))
    once = club.member(("2025-05-01", 200_00), ("2026-05-01", 60_00))
    assert club.night(DAY) == 1
    assert (club.points(loyal), club.points(once)) == (50, 0)
    assert club.night(dt.date(2026, 6, 2)) == 0
    club.buys(once, "2026-06-03", 60_00)
    assert club.night(dt.date(2026, 6, 4)) == 1
    assert club.points(once) == 50
    assert club.night(dt.date(2026, 6, 5)) == 0, "and no more than once"


def test_a_gift_for_an_event_says_that_its_condition_is_not_met(session: Session):
    club = Club(session, occasion="event", event="moved", needs=HUNDRED)
    noon = dt.datetime(2026, 6, 3, 12, tzinfo=dt.UTC)
    poor, rich = club.member(("2026-05-01", 99_99)), club.member(("2026-05-01", 100_00))
    at = At(noon.replace(tzinfo=None), noon, SYSTEM)
    told = [tell_event(session, Happened("moved", each), at).gave for each in (poor, rich)]
    assert [(one.gift, one.why) for gave in told for one in gave] == [(False, "condition_unmet"), (True, None)]


def test_a_gift_for_renewing_asks_what_the_ending_term_brought(session: Session):
    needs = [{"measure": {"counts": "purchases"}, "at_least": 2, "period": {"every": "term"}}]
    club = Club(session, occasion="renewal", needs=needs)
    for bought, given in [((("2026-02-01", 5_00), ("2026-03-01", 5_00)), 1), ((("2026-02-01", 500_00),), 0)]:
        customer = club.member(*bought)
        membership = session.execute(
            sa.text("SELECT id FROM memberships WHERE customer_id = :customer"), {"customer": customer}
        ).scalar_one()
        renewed(session, membership, DAY, Welcome(DAY, dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC), SYSTEM))
        rows = sa.select(sa.func.count()).select_from(PeriodSettlement).where(PeriodSettlement.customer_id == customer)
        assert session.scalar(rows) == given


def test_a_preview_of_birthdays_counts_only_who_meets_what_the_rule_asks_for(session: Session):
    # REQ B-03
    club = Club(session, occasion="birthday", around={"days_before": 7}, needs=HUNDRED)
    club.member(("2026-05-01", 120_00))
    club.member(("2026-05-01", 50_00))
    assert BIRTHDAYS.preview is not None
    on = dt.date(2026, 6, 9)
    run = Run(1, "birthdays", on, {}, SYSTEM, dt.datetime.combine(on, dt.time(1), dt.UTC))
    told = BIRTHDAYS.preview(session, run)
    assert (told.counts["grants"], told.counts["points"], len(told.sample)) == (1, 50, 1)
    assert club.night(on) == 1
