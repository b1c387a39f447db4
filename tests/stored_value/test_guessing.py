"""Who guesses numbers worth money hits nothing, is locked, and is told of within twenty guesses."""

# REQ V-03 O-09
import pytest
from sqlalchemy.orm import Session

from erp_club.kernel.errors import Conflict
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.tries import commands, queries
from erp_club.permissions.tries.kinds import Kind
from tests.make.organisation import NOW
from tests.stored_value.guessing import a_shop, guess


@pytest.mark.parametrize("kind", [Kind.CARDS, Kind.COUPONS])
def test_guessing_at_one_till_is_locked_after_ten_and_told(session: Session, kind: Kind):
    told = guess(session, kind, a_shop(session, tills=1), 700)
    assert (told.hits, told.looked_at, told.locks, told.alarm_after) == (0, 20, 2, 10)


@pytest.mark.parametrize("kind", [Kind.CARDS, Kind.COUPONS])
def test_guessing_at_many_tills_is_told_before_any_of_them_is_locked(session: Session, kind: Kind):
    told = guess(session, kind, a_shop(session, tills=20), 40)
    assert (told.hits, told.looked_at, told.locks, told.alarm_after) == (0, 40, 0, 15)
    (row,) = queries.lockouts(session, limit=10)
    assert (row.kind, row.until, row.till) == (kind, None, None)


def test_a_till_that_guessed_waits_out_its_time(session: Session):
    guess(session, Kind.COUPONS, a_shop(session, tills=1), 10)
    (row,) = queries.lockouts(session, limit=10)
    with pytest.raises(Conflict):
        commands.open_again(session, row.id, now=NOW, by=SYSTEM)
