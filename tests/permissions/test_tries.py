"""Wrong passwords and PINs are counted, lock a name or a place for a while, and are told."""

# REQ A-01 T-05
import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.db import Database
from erp_club.kernel.errors import NotFound, Refused, Throttled, Unauthenticated
from erp_club.permissions import commands, errors
from erp_club.permissions.catalog import Role
from erp_club.permissions.tries import commands as tries
from erp_club.permissions.tries import queries
from erp_club.permissions.tries.commands import Place
from erp_club.permissions.tries.kinds import Kind
from erp_club.permissions.tries.models import WrongTry
from tests.make.organisation import NOW, PASSWORD, a_chain, a_store, an_actor, somebody

OFFICE = Place(address="192.0.2.7")


def _tries(
    session: Session, name: str, password: str = "wrong", *, at: dt.datetime = NOW, place: Place = OFFICE
) -> str:
    """What came of a try, in a word."""
    try:
        commands.sign_in(session, username=name, password=password, now=at, hours=1, place=place)
    except Refused as refused:
        return refused.code
    return "in"


def _counted(session: Session, name: str, *, at: dt.datetime = NOW, place: Place = OFFICE) -> str:
    """A wrong try without the moment that checking a password takes."""
    scope = tries.name_scope(Kind.PASSWORD, name)
    return tries.count_wrong(
        session, scope, place, kind=Kind.PASSWORD, staff_id=None, now=at, wrong=errors.wrong_sign_in()
    ).code


def test_the_fifth_wrong_password_locks_the_name_even_for_the_right_one(session: Session):
    somebody(session)
    assert [_tries(session, "cashier") for _ in range(5)] == ["sign-in-wrong"] * 4 + ["sign-in-locked"]
    assert _tries(session, "cashier", PASSWORD) == "sign-in-locked"
    assert _tries(session, "CASHIER ", PASSWORD) == "sign-in-locked"
    assert _tries(session, "cashier", PASSWORD, at=NOW + dt.timedelta(minutes=15, seconds=1)) == "in"


def test_a_name_that_nobody_has_is_locked_in_the_same_way(session: Session):
    somebody(session)
    for name in ("cashier", "nobody"):
        assert [_tries(session, name) for _ in range(6)] == ["sign-in-wrong"] * 4 + ["sign-in-locked"] * 2


def test_a_right_password_ends_the_counting(session: Session):
    a_chain(session)
    somebody(session)
    for _ in range(2):
        assert [_counted(session, "cashier") for _ in range(4)] == ["sign-in-wrong"] * 4
        assert _tries(session, "cashier", PASSWORD) == "in"


def test_wrong_tries_are_forgotten_after_half_an_hour(session: Session):
    assert [_counted(session, "cashier") for _ in range(4)] == ["sign-in-wrong"] * 4
    assert _counted(session, "cashier", at=NOW + dt.timedelta(minutes=30)) == "sign-in-wrong"


def test_each_lock_of_a_day_is_twice_as_long_up_to_an_hour(session: Session):
    at, lengths = NOW, list[int]()
    for _ in range(4):
        for _ in range(5):
            _counted(session, "cashier", at=at)
        until = session.scalars(sa.select(sa.func.max(WrongTry.locked_until))).one()
        assert until is not None
        lengths.append((until - at) // dt.timedelta(minutes=1))
        at = until
    assert lengths == [15, 30, 60, 60]


def test_who_goes_through_the_names_from_one_place_is_locked_there_and_nowhere_else(session: Session):
    somebody(session)
    answers = [_counted(session, f"name {number}") for number in range(20)]
    assert answers == ["sign-in-wrong"] * 19 + ["sign-in-locked"]
    assert _tries(session, "cashier", PASSWORD) == "sign-in-locked"
    assert _tries(session, "cashier", PASSWORD, place=Place(address="192.0.2.8")) == "in"


def test_of_many_tries_at_one_moment_five_are_looked_at(committed: Database):
    with committed.session() as session:
        somebody(session)
        session.commit()

    def guess(number: int) -> str:
        with committed.session() as session:
            try:
                commands.sign_in(session, username="cashier", password=f"wrong {number}", now=NOW, hours=1)
            except Refused as refused:
                session.commit()
                return refused.code
            return "in"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, range(12)))
    assert sorted(answers) == ["sign-in-locked"] * 8 + ["sign-in-wrong"] * 4
    with committed.session() as session:
        assert queries.count_lockouts(session) == 1


def test_a_lock_is_told_to_the_person_and_to_the_managers_of_the_store(session: Session):
    a_chain(session)
    home, other = a_store(session), a_store(session, "375")
    cashier = somebody(session, store=home)
    for _ in range(5):
        _tries(session, "cashier")
        _tries(session, "nobody")
    assert queries.own_lockouts(session, cashier, now=NOW) == [NOW]
    assert queries.own_lockouts(session, cashier, now=NOW + dt.timedelta(days=1)) == []
    assert queries.recent_lockouts(session, now=NOW) == 2
    assert queries.recent_lockouts(session, store_id=home.id, now=NOW) == 1
    assert queries.recent_lockouts(session, store_id=other.id, now=NOW) == 0
    rows = queries.lockouts(session, limit=10)
    assert [(row.kind, row.staff, row.address) for row in rows] == [
        (Kind.PASSWORD, None, OFFICE.address),
        (Kind.PASSWORD, "Somebody cashier", OFFICE.address),
    ]


def test_a_lock_can_be_opened_before_its_time_and_that_is_kept(session: Session):
    cashier, boss = somebody(session), somebody(session, Role.HQ)
    for _ in range(5):
        _tries(session, "cashier")
    (row,) = queries.lockouts(session, limit=10)
    for _ in range(2):
        tries.open_again(session, row.id, now=NOW, by=an_actor(boss))
    assert _tries(session, "cashier", PASSWORD) == "in"
    (row,) = queries.lockouts(session, limit=10)
    assert (row.staff_id, row.opened_at, row.opened_by) == (cashier, NOW, "Somebody hq")
    with pytest.raises(NotFound):
        tries.open_again(session, 999, now=NOW, by=an_actor(boss))


def test_what_was_typed_as_a_name_is_kept_as_a_hash_only(session: Session):
    with pytest.raises(Unauthenticated):
        commands.sign_in(session, username="my secret", password="x", now=NOW, hours=1, place=OFFICE)
    kept = session.scalars(sa.select(WrongTry.scope)).all()
    assert len(kept) == 2
    assert not any("secret" in scope for scope in kept)


def test_old_counts_are_cleared_away(session: Session):
    _counted(session, "nobody")
    _counted(session, "somebody", at=NOW + dt.timedelta(days=1, seconds=1))
    assert len(session.scalars(sa.select(WrongTry.scope)).all()) == 2


def test_a_lock_says_how_long_it_holds(session: Session):
    for _ in range(4):
        _counted(session, "nobody")
    with pytest.raises(Throttled) as locked:
        commands.sign_in(session, username="nobody", password="x", now=NOW, hours=1, place=OFFICE)
    assert locked.value.retry_after == 900
    assert "15 min" in str(locked.value.text)
