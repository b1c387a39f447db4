# REQ P-15 P-03: what a period brings if nothing more is bought, and what the next step needs, as it is then settled
import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.models import Membership
from erp_club.programmes.engine.ahead import NextStep
from erp_club.programmes.engine.conditions import Why
from erp_club.programmes.rewards.outlook.queries import RewardAhead, rewards_ahead
from tests.make.programmes import day
from tests.make.stored_value import a_kind
from tests.programmes.test_clubs_act import Chain, share
from tests.programmes.test_more_clubs import PENNY, Club, earning


def ahead(chain: Chain, customer: int, on: str) -> dict[str, RewardAhead]:
    mine = sa.select(Membership.id).where(Membership.customer_id == customer)
    found = rewards_ahead(chain.session, chain.club_id, chain.session.scalars(mine).one(), on=day(on))
    return {each.rule.code: each for each in found}


def test_a_household_sees_its_bonus_of_the_month_and_the_step_above(session: Session):
    chain = Chain(session, "s_group", fees={})
    main, spouse = chain.member("2026-09-01"), chain.member("2026-09-01")
    share(session, main, spouse)
    chain.buys(main, 300_00, "2026-10-05")
    chain.buys(spouse, 99_00, "2026-10-12")
    for each in (main, spouse):
        told = ahead(chain, each, "2026-10-20")["bonus"]
        assert (told.base, told.value, told.last) == (399_00, 7_98, day("2026-10-31"))
        assert told.next == NextStep(1_00, 10_00, 250)
    assert ahead(chain, main, "2026-11-01")["bonus"].value == 0
    chain.settles("bonus", "2026-10-31")
    assert chain.given(main)[0].value == 7_98


def test_stamps_and_thresholds_tell_how_many_are_missing(session: Session):
    plus = Chain(session, "waterstones")
    a_kind(session, has_pin=False, least_minor=1_00, most_minor=1_000_00)
    member = plus.member("2026-09-01")
    plus.buys(member, 85_00, "2026-10-01")
    told = ahead(plus, member, "2026-10-01")["ten-stamps"]
    assert (told.base, told.value, told.next) == (16, 0, NextStep(4, 10_00, None))


def test_what_is_given_as_it_is_reached_tells_the_year_so_far(session: Session):
    chain = Chain(session, "team_sportia", since="2025-08-01")
    a_kind(session, has_pin=False, least_minor=1_00, most_minor=1_000_00)
    member = chain.member("2026-09-01")
    chain.buys(member, 2_600_00, "2026-10-01")
    told = ahead(chain, member, "2026-10-01")["bonus"]
    assert (told.value, told.last, told.next) == (25_00, None, NextStep(2_400, 50_00, None))


def test_who_is_no_member_at_the_end_is_told_that_nothing_comes(session: Session):
    month: dict[str, Any] = {
        "code": "quarterly", "period": {"every": "quarter"}, "function": {"kind": "declared", "rate_bp": 500},
        "gives": {"kind": "payout"}, "issue": {"at": "period_end"},
    }  # fmt: skip
    club = Club(session, earning=earning(PENNY), rewards=[month], term={"kind": "months", "months": 1})
    member = club.member("2026-03-20")
    club.buys(member, 100_00, "2026-04-02")
    told = ahead(club, member, "2026-04-10")["quarterly"]
    assert (told.value, told.why, told.next) == (0, Why.NOT_MEMBER, None)
    assert told.last == dt.date(2026, 6, 30)
