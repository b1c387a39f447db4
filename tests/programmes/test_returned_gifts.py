# REQ P-08 P-15 M-03: buying and returning nets no points, whatever levels and milestones give on the way
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.jobs.verify import wrong_rows
from erp_club.points.models import PointsAccount
from erp_club.programmes.rewards.models import RewardCoupon
from erp_club.purchases.returns.commands import Asked, return_goods
from erp_club.purchases.returns.facts import Wish
from tests.make.clubs import NOW
from tests.make.coupons import a_batch
from tests.make.levels import STEPS, a_club_with_levels, a_member, buys
from tests.make.purchases import Till, a_place, a_till

POINTS = [{"kind": "points", "points": 99}]
LEVEL = {"levels": [STEPS[0], STEPS[1] | {"gives": POINTS}, STEPS[2]]}
EACH_HUNDRED = {"milestones": [{"code": "half", "at": 100_00, "every": True, "gives": POINTS}]}


def balance(session: Session) -> int:
    session.expire_all()
    return session.execute(sa.select(PointsAccount.balance - PointsAccount.debt)).scalar_one()


def back(session: Session, till: Till, receipt_id: int, milli: int | None = None) -> None:
    wish = Wish(None if milli is None else ((1, milli),))
    return_goods(session, receipt_id, Asked(wish), a_place(session, till, now=NOW), currency="ILS")


@pytest.mark.parametrize(("levels", "reached"), [(LEVEL, 99), (EACH_HUNDRED, 6 * 99)])
def test_points_for_what_was_reached_go_back_with_the_goods_and_come_again_with_others(
    session: Session, levels: dict[str, Any], reached: int
) -> None:
    till, (member, _) = a_till(session), a_member(session, a_club_with_levels(session, levels=levels))
    for _ in range(3):
        first = buys(session, till, member, 300_00).posted.receipt_id
        second = buys(session, till, member, 300_00).posted.receipt_id
        assert balance(session) == 60 + reached
        back(session, till, second, 100)
        back(session, till, first)
        back(session, till, second)
        assert balance(session) == 0
    assert not wrong_rows(session)


def test_a_return_that_stays_above_takes_nothing_of_it(session: Session) -> None:
    till, (member, _) = a_till(session), a_member(session, a_club_with_levels(session, levels=LEVEL | EACH_HUNDRED))
    bought = buys(session, till, member, 650_00).posted.receipt_id
    assert balance(session) == 65 + 99 + 6 * 99
    back(session, till, bought, 50)  # 617.50 are left
    assert balance(session) == 61 + 99 + 6 * 99
    back(session, till, bought, 300)  # 422.50 are left
    assert balance(session) == 42 + 4 * 99
    assert not wrong_rows(session)


def test_a_coupon_for_what_was_reached_is_kept_and_not_given_again(session: Session) -> None:
    a_batch(session)
    gives = [{"kind": "coupon", "batch": "WINTER"}]
    levels = {"levels": [STEPS[0], STEPS[1] | {"gives": gives}, STEPS[2]]}
    till, (member, _) = a_till(session), a_member(session, a_club_with_levels(session, levels=levels))
    for _ in range(3):
        back(session, till, buys(session, till, member, 600_00).posted.receipt_id)
    assert session.scalar(sa.select(sa.func.count()).select_from(RewardCoupon)) == 1
    assert balance(session) == 0
