"""Keys of tills while they are exchanged, one-time codes, and in whose stores somebody signs on."""

# REQ A-01 T-05
import datetime as dt
import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel import audit_search
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from erp_club.organisation import commands
from erp_club.organisation.models import TerminalCode
from erp_club.permissions import commands as permissions
from erp_club.permissions import passwords
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.models import StaffSession
from erp_club.permissions.places import TerminalFacts
from erp_club.permissions.queries import identify
from erp_club.permissions.workplaces import commands as workplaces
from erp_club.permissions.workplaces import queries as workplaces_of
from tests.make.organisation import NOW, PIN, a_chain, a_store, a_terminal, somebody

DAY = dt.timedelta(days=1)


def _opens(session: Session, key: str, *, at: dt.datetime = NOW) -> bool:
    """Whether a key is that of a till."""
    found = identify(
        session, staff_token_hash=None, terminal_key_hash=passwords.token_hash(key), enrolment_hash=None, now=at
    )
    return found is not None and found.terminal is not None


def _exchange(session: Session, terminal_id: int, key: str, *, keep_old: dt.timedelta = DAY) -> None:
    commands.exchange_key(
        session, terminal_id, key_hash=passwords.token_hash(key), now=NOW, by=SYSTEM, keep_old=keep_old
    )


def test_while_keys_are_exchanged_two_of_them_work_and_then_the_new_one(session: Session):
    a_chain(session)
    terminal_id, old = a_terminal(session, a_store(session))
    _exchange(session, terminal_id, "second")
    assert [_opens(session, key) for key in (old, "second")] == [True, True]
    assert [_opens(session, key, at=NOW + DAY) for key in (old, "second")] == [False, True]
    _exchange(session, terminal_id, "third")
    assert [_opens(session, key) for key in (old, "second", "third")] == [False, True, True]


def test_the_old_key_can_be_ended_at_once_with_the_browsers_that_may_have_entered_it(session: Session):
    a_chain(session)
    terminal_id, old = a_terminal(session, a_store(session))
    commands.enrol_browser(session, terminal_id=terminal_id, token_hash=b"browser", now=NOW)
    _exchange(session, terminal_id, "second")
    by_browser = {"staff_token_hash": None, "terminal_key_hash": None, "enrolment_hash": b"browser", "now": NOW}
    found = identify(session, **by_browser)
    assert found
    assert found.terminal
    for _ in range(2):
        commands.end_old_key(session, terminal_id, now=NOW, by=SYSTEM)
    assert [_opens(session, key) for key in (old, "second")] == [False, True]
    found = identify(session, **by_browser)
    assert found
    assert found.terminal is None
    kept = audit_search.entries(session, audit_search.Entries(entity="terminal"), limit=5)
    assert [each.action for each in kept] == ["terminal.end_key", "terminal.key", "terminal.add"]


def test_a_new_key_that_ends_the_old_one_ends_it_whatever_was_kept(session: Session):
    a_chain(session)
    terminal_id, old = a_terminal(session, a_store(session))
    _exchange(session, terminal_id, "second")
    _exchange(session, terminal_id, "third", keep_old=dt.timedelta(0))
    assert [_opens(session, key) for key in (old, "second", "third")] == [False, False, True]


def test_a_code_works_once_and_for_ten_minutes(session: Session):
    terminal_id, _ = a_terminal(session, a_store(session))
    for moment, found in ((dt.timedelta(minutes=10), None), (dt.timedelta(minutes=9), terminal_id)):
        commands.make_code(session, terminal_id, code_hash=b"code", now=NOW, by=SYSTEM)
        assert commands.use_code(session, b"code", now=NOW + moment) == found
        assert commands.use_code(session, b"code", now=NOW) == (None if found else terminal_id)


def test_a_second_code_ends_the_first(session: Session):
    terminal_id, _ = a_terminal(session, a_store(session))
    commands.make_code(session, terminal_id, code_hash=b"first", now=NOW, by=SYSTEM)
    commands.make_code(session, terminal_id, code_hash=b"second", now=NOW, by=SYSTEM)
    assert commands.use_code(session, b"first", now=NOW) is None
    assert session.scalars(sa.select(TerminalCode.code_hash)).all() == [b"second"]


def test_a_closed_till_gets_no_code_and_its_code_opens_nothing(session: Session):
    terminal_id, _ = a_terminal(session, a_store(session))
    commands.make_code(session, terminal_id, code_hash=b"code", now=NOW, by=SYSTEM)
    commands.set_terminal_active(session, terminal_id, active=False, now=NOW, by=SYSTEM)
    assert commands.use_code(session, b"code", now=NOW) is None
    with pytest.raises(Conflict):
        commands.make_code(session, terminal_id, code_hash=b"code", now=NOW, by=SYSTEM)
    with pytest.raises(NotFound):
        commands.make_code(session, 999, code_hash=b"code", now=NOW, by=SYSTEM)


def test_of_many_that_bring_one_code_at_once_one_gets_the_till(committed: Database):
    with committed.session() as session:
        terminal_id, _ = a_terminal(session, a_store(session))
        commands.make_code(session, terminal_id, code_hash=b"code", now=NOW, by=SYSTEM)
        session.commit()
    together = threading.Barrier(4)
    found: list[int | None] = []

    def bring() -> None:
        with committed.session() as session:
            together.wait()
            found.append(commands.use_code(session, b"code", now=NOW))
            session.commit()

    threads = [threading.Thread(target=bring) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found, key=str) == [terminal_id, None, None, None]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("7K2M-9QXD", "7K2M-9QXD"),
        (" 7k2m 9qxd", "7K2M-9QXD"),
        ("OIL0-7K2M", "0110-7K2M"),
        ("7K2M-9QX", None),
        ("7K2M-9QXU", None),
        ("", None),
    ],
)
def test_a_code_is_read_however_it_was_typed(typed: str, read: str | None):
    assert passwords.typed_code(typed) == read
    code = passwords.new_code()
    assert passwords.typed_code(code.lower()) == code


def _signs_on(session: Session, store_id: int, terminal_id: int) -> None:
    facts = TerminalFacts(terminal_id, 1, "", store_id, "374", "Store 374", "Asia/Jerusalem")
    permissions.sign_on(session, username="cashier", pin=PIN, terminal=facts, now=NOW, hours=1)


def test_a_cashier_signs_on_where_they_are_assigned_and_nowhere_else(session: Session):
    a_chain(session)
    stores = [a_store(session, code) for code in ("1", "2", "3")]
    tills = [a_terminal(session, store)[0] for store in stores]
    cashier = somebody(session, store=stores[0])
    workplaces.set_further_stores(session, cashier, [stores[1].id, stores[0].id], now=NOW, by=SYSTEM)
    assert workplaces_of.further_stores(session, cashier) == [stores[1].id]
    for store, till in list(zip(stores, tills, strict=True))[:2]:
        _signs_on(session, store.id, till)
    with pytest.raises(Forbidden) as refused:
        _signs_on(session, stores[2].id, tills[2])
    assert refused.value.code == "not-assigned"


def test_who_loses_a_store_is_signed_off_there_at_once(session: Session):
    a_chain(session)
    home, other = a_store(session, "1"), a_store(session, "2")
    cashier, till = somebody(session, store=home), a_terminal(session, other)[0]
    workplaces.set_further_stores(session, cashier, [other.id], now=NOW, by=SYSTEM)
    _signs_on(session, other.id, till)
    workplaces.set_further_stores(session, cashier, [], now=NOW, by=SYSTEM)
    assert session.scalars(sa.select(StaffSession.staff_id)).all() == []
    kept = audit_search.entries(session, audit_search.Entries(entity="staff"), limit=1)
    assert (kept[0].before, kept[0].after) == ({"stores": [other.id]}, {"stores": []})


def test_stores_and_people_that_are_not_there_are_refused(session: Session):
    with pytest.raises(Invalid):
        workplaces.set_further_stores(session, somebody(session), [999], now=NOW, by=SYSTEM)
    with pytest.raises(NotFound):
        workplaces.set_further_stores(session, 999, [], now=NOW, by=SYSTEM)
