# REQ M-03, P-06: a level may be bought with points, for months or to the end of the term, and on that day taken back
import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.levels.models import MembershipLevel
from erp_club.kernel.errors import Conflict
from erp_club.programmes.engine.checks import findings
from erp_club.programmes.redemptions.commands import redeem_benefit, undo_redemption
from tests.make.programmes import a_programme
from tests.programmes.test_redemptions import AT, Club, benefit

LEVELS = {"levels": [{"code": "BASE", "at_least": 0}, {"code": "GOLD", "at_least": 5_000_00}]}
YEAR = {"kind": "months", "months": 12}


def gold(**said: Any) -> dict[str, Any]:
    return benefit({"kind": "level", "level": "GOLD", **said}, points=250)


def level(session: Session) -> tuple[str, dt.date | None]:
    row = session.execute(sa.select(MembershipLevel.level, MembershipLevel.kept_until)).one()
    return row.level, row.kept_until


@pytest.mark.parametrize(("said", "until"), [({"months": 3}, "2026-09-09"), ({}, "2026-12-31")])
def test_points_buy_a_level_for_months_or_to_the_end_of_the_term(session: Session, said: dict[str, Any], until: str):
    club = Club(session, gold(**said), levels=LEVELS, term=YEAR)
    member = club.member(300)
    made = redeem_benefit(session, member, "treat", AT)
    assert (made.points, club.balance(member)) == (250, 50)
    assert level(session) == ("GOLD", dt.date.fromisoformat(until))
    assert club.why(member, "treat") in {"balance_too_low", "level_reached"}


def test_nobody_pays_for_a_level_that_is_reached(session: Session):
    club = Club(session, gold(), levels=LEVELS, term=YEAR)
    member = club.member(600)
    redeem_benefit(session, member, "treat", AT)
    assert club.why(member, "treat") == "level_reached"
    with pytest.raises(Conflict) as refused:
        redeem_benefit(session, member, "treat", AT)
    assert (refused.value.code, club.balance(member)) == ("not-now", 350)


def test_a_level_is_taken_back_with_its_points_on_its_day_alone(session: Session):
    club = Club(session, gold(), levels=LEVELS, term=YEAR)
    member = club.member(300)
    made = redeem_benefit(session, member, "treat", AT)
    undo_redemption(session, member, made.settlement_id, AT)
    assert (club.balance(member), level(session)[0]) == (300, "BASE")
    again = redeem_benefit(session, member, "treat", AT)
    later = replace(AT, local=AT.local + dt.timedelta(days=1), now=AT.now + dt.timedelta(days=1))
    with pytest.raises(Conflict) as refused:
        undo_redemption(session, member, again.settlement_id, later)
    assert (refused.value.code, level(session)[0]) == ("redemption-used", "GOLD")


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"levels": LEVELS}, []),
        ({}, ["benefits[0].gives.level"]),
        ({"levels": {"levels": [{"code": "GOLD", "at_least": 0}]}}, ["benefits[0].gives.level"]),
        ({"levels": LEVELS, "benefits": [gold() | {"issue": {"valid_days": 3}}]}, ["benefits[0].issue"]),
    ],
)
def test_only_a_higher_level_of_the_club_can_be_bought(said: dict[str, Any], found: list[str]):
    assert [each.path for each in findings(a_programme(**({"benefits": [gold()]} | said)))] == found
