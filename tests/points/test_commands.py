# REQ P-04 P-05 P-08 P-09 P-11 M-09 M-14: every movement outside a sale
import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.errors import Conflict, NotFound
from erp_club.kernel.lots import DEBT
from erp_club.permissions.actors import SYSTEM
from erp_club.points import commands
from erp_club.points.kinds import AccountState, MovementKind
from erp_club.points.ledger.commands import Account, Cause, hold_account
from erp_club.points.models import PointsAccount, PointsLot
from erp_club.points.rules import AS_USUAL, Bucket, Fate, FatePolicy, ReturnedExpired, ReturnPolicy
from tests.make.clubs import NOW, TODAY, a_club, a_customer, a_membership

DAY = dt.timedelta(days=1)


def an_account(session: Session, number: str = "1") -> Account:
    holder = a_customer(session, number)
    club_id = session.scalar(sa.text("SELECT id FROM clubs")) or a_club(session)
    return Account(a_membership(session, holder, club_id).points_account_id, holder)


def why(kind: MovementKind, *, on: dt.date = TODAY) -> Cause:
    return Cause(kind, on, NOW, SYSTEM)


def until(last_day: dt.date | None, *, available_on: dt.date | None = TODAY) -> Bucket:
    month = None if last_day else TODAY.replace(day=1)
    return Bucket(available_on, last_day, 1, month, None if available_on else "delivered")


def earn(session: Session, account: Account, points: int, to: Bucket | None = None) -> int:
    return commands.earn_points(session, account, points, to=to or until(None), cause=why(MovementKind.EARNED)).seq


def redeem(session: Session, account: Account, points: int, *, on: dt.date = TODAY) -> int:
    return commands.redeem_points(session, account, points, cause=why(MovementKind.REDEEMED, on=on)).seq


def take_back(session: Session, account: Account, points: int, of: int, *, to_debt: bool = True) -> commands.TakenBack:
    return commands.take_back_points(session, account, points, of=of, to_debt=to_debt, cause=why(MovementKind.RETURNED))


def give_back(
    session: Session, account: Account, points: int, of: int, policy: ReturnPolicy = AS_USUAL, *, on: dt.date = TODAY
) -> None:
    commands.give_back_points(session, account, points, of=of, policy=policy, cause=why(MovementKind.REFUNDED, on=on))


def lots(session: Session, account: Account) -> dict[dt.date | None, int]:
    """What remains by last day."""
    rows = session.execute(sa.select(PointsLot.last_day, PointsLot.remaining).where(PointsLot.account_id == account.id))
    return {last_day: remaining for last_day, remaining in rows if remaining}


def state(session: Session, account: Account) -> tuple[int, int]:
    """Balance and debt."""
    held = hold_account(session, account)
    return held.balance, held.debt


def test_points_of_one_kind_gather_in_one_lot(session: Session) -> None:
    account = an_account(session)
    earn(session, account, 10)
    earn(session, account, 5)
    assert lots(session, account) == {None: 15}
    assert state(session, account) == (15, 0)


def test_what_expires_first_is_redeemed_first(session: Session) -> None:
    account = an_account(session)
    earn(session, account, 50)
    earn(session, account, 30, until(TODAY + 9 * DAY))
    earn(session, account, 20, until(TODAY))
    redeem(session, account, 60)
    assert lots(session, account) == {None: 40}
    row = session.execute(sa.select(PointsAccount.redeemed_on, PointsAccount.redeemed_that_day)).one()
    assert tuple(row) == (TODAY, 60)


def test_pending_and_expired_points_pay_for_nothing(session: Session) -> None:
    account = an_account(session)
    earn(session, account, 10, until(None, available_on=TODAY + DAY))
    earn(session, account, 10, until(TODAY - DAY))
    earn(session, account, 7)
    with pytest.raises(Conflict) as refused:
        redeem(session, account, 8)
    assert (refused.value.code, refused.value.facts) == ("points-too-few", {"available": 7, "asked": 8})
    assert state(session, account) == (27, 0)


def test_a_return_takes_from_the_lot_of_its_own_purchase_first(session: Session) -> None:
    account = an_account(session)
    late = earn(session, account, 30, until(TODAY + 90 * DAY))
    earn(session, account, 20, until(TODAY + DAY))
    take_back(session, account, 25, late)
    assert lots(session, account) == {TODAY + 90 * DAY: 5, TODAY + DAY: 20}


def test_what_a_return_does_not_find_becomes_a_debt_that_the_next_credits_pay(session: Session) -> None:
    account = an_account(session)
    bought = earn(session, account, 30)
    redeem(session, account, 25)
    moved = take_back(session, account, 30, bought).moved
    assert moved is not None
    assert {part.lot_id: part.amount for part in moved.parts}[DEBT] == -25
    assert state(session, account) == (-25, 25)
    earn(session, account, 10)
    assert (state(session, account), lots(session, account)) == ((-15, 15), {})
    earn(session, account, 40)
    assert (state(session, account), lots(session, account)) == ((25, 0), {None: 25})


def test_without_a_debt_the_return_is_told_what_is_missing(session: Session) -> None:
    account = an_account(session)
    bought = earn(session, account, 30)
    redeem(session, account, 25)
    assert take_back(session, account, 30, bought, to_debt=False).missing == 25
    assert state(session, account) == (0, 0)
    again = take_back(session, account, 30, bought, to_debt=False)
    assert (again.moved, again.missing) == (None, 30)


def test_what_was_redeemed_goes_back_to_the_lots_it_came_from(session: Session) -> None:
    account = an_account(session)
    earn(session, account, 20, until(TODAY + DAY))
    earn(session, account, 50)
    used = redeem(session, account, 60)
    give_back(session, account, 25, used)
    assert lots(session, account) == {None: 35}
    give_back(session, account, 35, used)
    assert lots(session, account) == {TODAY + DAY: 20, None: 50}
    with pytest.raises(ValueError, match="more than was taken"):
        give_back(session, account, 1, used)


@pytest.mark.parametrize(
    ("policy", "there"),
    [
        (AS_USUAL, TODAY),
        (ReturnPolicy(expired=ReturnedExpired.EXTENDED, extended_days=30), TODAY + 35 * DAY),
    ],
)
def test_what_expired_meanwhile_goes_back_as_the_club_says(
    session: Session, policy: ReturnPolicy, there: dt.date
) -> None:
    account = an_account(session)
    earn(session, account, 20, until(TODAY))
    used = redeem(session, account, 20)
    give_back(session, account, 20, used, policy, on=TODAY + 5 * DAY)
    assert lots(session, account) == {there: 20}
    usable = hold_account(session, account).available(TODAY + 5 * DAY)
    assert usable == (20 if policy.extended_days else 0)


def test_points_given_back_pay_a_debt_first(session: Session) -> None:
    account = an_account(session)
    bought = earn(session, account, 20)
    used = redeem(session, account, 20)
    take_back(session, account, 15, bought)
    give_back(session, account, 20, used)
    assert (state(session, account), lots(session, account)) == ((5, 0), {None: 5})


def test_buying_and_returning_nets_nothing(session: Session) -> None:
    account = an_account(session)
    earn(session, account, 100, until(TODAY + DAY))
    before = lots(session, account), state(session, account)
    used = redeem(session, account, 40)
    bought = earn(session, account, 7)
    take_back(session, account, 7, bought)
    give_back(session, account, 40, used)
    assert (lots(session, account), state(session, account)) == before


def test_an_adjustment_takes_no_more_than_there_is(session: Session) -> None:
    account, adjusted = an_account(session), why(MovementKind.ADJUSTED)
    commands.adjust_points(session, account, 30, to=until(None), cause=adjusted)
    earn(session, account, 5, until(None, available_on=None))
    commands.adjust_points(session, account, -32, to=until(None), cause=adjusted)
    assert state(session, account) == (3, 0)
    with pytest.raises(Conflict):
        commands.adjust_points(session, account, -4, to=until(None), cause=adjusted)


def test_all_that_an_account_has_moves_to_another_with_its_days(session: Session) -> None:
    old, new = an_account(session), an_account(session, "2")
    earn(session, old, 30, until(TODAY + DAY))
    earn(session, old, 10, until(None, available_on=None))
    earn(session, new, 5)
    moved = commands.transfer_points(session, old, new, cause=why(MovementKind.TRANSFERRED))
    assert moved is not None
    assert (moved[0].points, moved[1].points) == (-40, 40)
    assert (state(session, old), state(session, new)) == ((0, 0), (45, 0))
    assert hold_account(session, new).available(TODAY) == 35
    assert commands.transfer_points(session, old, new, cause=why(MovementKind.TRANSFERRED)) is None


@pytest.mark.parametrize("debtor_first", [True, False])
def test_a_debt_moves_along_and_is_settled_with_what_the_other_has(session: Session, debtor_first: bool) -> None:
    debtor, saver = an_account(session), an_account(session, "2")
    bought = earn(session, debtor, 10)
    redeem(session, debtor, 10)
    take_back(session, debtor, 10, bought)
    earn(session, saver, 25)
    old, new = (debtor, saver) if debtor_first else (saver, debtor)
    commands.transfer_points(session, old, new, cause=why(MovementKind.TRANSFERRED))
    assert (state(session, old), state(session, new)) == ((0, 0), (15, 0))


def test_an_event_makes_pending_points_available(session: Session) -> None:
    account = an_account(session)
    bought = earn(session, account, 10, until(None, available_on=None))
    earn(session, account, 5, until(None, available_on=None))
    released = commands.release_points(session, account, 10, of=bought, cause=why(MovementKind.RELEASED))
    assert (released.points, state(session, account)) == (0, (15, 0))
    assert hold_account(session, account).available(TODAY) == 10


def test_nobody_uses_frozen_points_until_they_revive(session: Session) -> None:
    account = an_account(session)
    earn(session, account, 10)
    policy = FatePolicy(Fate.FREEZE, freeze_months=6)
    assert commands.end_account(session, account, policy=policy, cause=why(MovementKind.ENDED)) == ()
    assert hold_account(session, account).frozen_until == dt.date(2027, 5, 22)
    with pytest.raises(Conflict) as refused:
        redeem(session, account, 1)
    assert refused.value.code == "points-frozen"
    commands.revive_account(session, account)
    redeem(session, account, 10)


def test_what_is_dropped_is_all_that_the_lots_hold(session: Session) -> None:
    account = an_account(session)
    earn(session, account, 10, until(None, available_on=None))
    earn(session, account, 20)
    (dropped,) = commands.end_account(session, account, policy=FatePolicy(Fate.DROP), cause=why(MovementKind.ENDED))
    assert (dropped.points, lots(session, account)) == (-30, {})
    assert hold_account(session, account).state is AccountState.CLOSED


def test_a_conversion_without_figures_takes_nothing(session: Session) -> None:
    account = an_account(session)
    earn(session, account, 20)
    assert commands.end_account(session, account, policy=FatePolicy(Fate.CONVERT), cause=why(MovementKind.ENDED)) == ()
    assert hold_account(session, account).available(TODAY) == 20


def test_an_account_or_a_movement_that_is_not_there(session: Session) -> None:
    account = an_account(session)
    with pytest.raises(NotFound):
        earn(session, Account(999_999, account.holder_id), 1)
    with pytest.raises(NotFound):
        take_back(session, account, 1, 7)
