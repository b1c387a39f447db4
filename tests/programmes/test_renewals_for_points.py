# REQ M-02, P-06: a membership may be renewed for points, in place of the fee, and so long as it lies ahead taken back
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.models import MembershipPeriod
from erp_club.kernel.errors import Conflict
from erp_club.permissions.actors import SYSTEM
from erp_club.programmes.engine.checks import findings
from erp_club.programmes.events.told import At
from erp_club.programmes.redemptions import queries
from erp_club.programmes.redemptions.commands import redeem_benefit, undo_redemption
from tests.make.programmes import a_programme, day
from tests.programmes.test_redemptions import AT, Club, benefit

YEAR = {"kind": "months", "months": 12}
NEXT = benefit({"kind": "renewal"}, points=250)
FEES = {"renewal_minor": 50_00, "renewal_product": "FEE", "joining_product": "FEE"}


def lasts(session: Session, membership: int) -> list[dt.date]:
    """The days after the last ones of a membership's periods."""
    of = MembershipPeriod
    asked = sa.select(sa.func.upper(of.validity)).where(of.membership_id == membership, ~sa.func.isempty(of.validity))
    return sorted(session.scalars(asked))


def test_points_renew_in_place_of_the_fee(session: Session):
    club = Club(session, NEXT, term=YEAR, fees=FEES)
    member = club.member(300)
    made = redeem_benefit(session, member, "treat", AT)
    assert (made.points, club.balance(member)) == (250, 50)
    assert lasts(session, member) == [day("2027-01-01"), day("2028-01-01")]
    assert club.why(member, "treat") == "balance_too_low"


def test_what_renewing_gives_comes_with_it(session: Session):
    gift = {"code": "again", "occasion": "renewal", "gives": [{"kind": "points", "points": 40}]}
    club = Club(session, NEXT, term=YEAR, fees=FEES, occasions=[gift])
    member = club.member(300)
    redeem_benefit(session, member, "treat", AT)
    assert club.balance(member) == 50 + 40


def test_it_is_had_no_earlier_than_one_may_renew(session: Session):
    club = Club(session, NEXT, term=YEAR, fees=FEES, renewal={"earliest_days": 60})
    member = club.member(300)
    assert club.why(member, "treat") == "too_early"
    who = queries.redeemer(session, member, on=AT.on)
    assert who is not None
    assert [each.why for each in queries.had(session, who, AT, most=5).benefits] == ["too_early"]
    assert lasts(session, member) == [day("2027-01-01")]


def test_a_renewal_that_lies_ahead_is_taken_back_with_its_points_and_one_that_has_begun_is_not(session: Session):
    club = Club(session, NEXT, term=YEAR, fees=FEES)
    member = club.member(300)
    first = redeem_benefit(session, member, "treat", AT)
    undo_redemption(session, member, first.settlement_id, AT)
    assert (club.balance(member), lasts(session, member)) == (300, [day("2027-01-01")])
    again = redeem_benefit(session, member, "treat", AT)
    begun = At(dt.datetime.fromisoformat("2027-01-01T12:00"), dt.datetime(2027, 1, 1, 10, tzinfo=dt.UTC), SYSTEM)
    with pytest.raises(Conflict) as refused:
        undo_redemption(session, member, again.settlement_id, begun)
    assert refused.value.code == "redemption-used"
    assert lasts(session, member)[-1] == day("2028-01-01")


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"term": YEAR}, []),
        ({}, ["benefits[0].gives"]),
        ({"term": {"kind": "age", "age": 18}}, ["benefits[0].gives"]),
        ({"term": YEAR, "benefits": [NEXT | {"issue": {"valid_days": 3}}]}, ["benefits[0].issue"]),
    ],
)
def test_only_what_is_renewed_can_be_renewed_for_points(said: dict[str, Any], found: list[str]):
    assert [each.path for each in findings(a_programme(**({"benefits": [NEXT]} | said)))] == found
