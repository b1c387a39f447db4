"""Stores and tills: codes, time zones, keys."""

# REQ A-02 T-05
import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel import audit_search
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Conflict, Invalid, NotFound
from erp_club.organisation import commands, queries
from erp_club.organisation.models import Store, Terminal
from erp_club.permissions import passwords
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.queries import identify
from tests.make.organisation import NOW, a_chain, a_store, a_terminal


def _add(session: Session, code: str = "7", *, time_zone: str = "Europe/Helsinki") -> int:
    return commands.add_store(
        session, code=code, name="Kamppi", city="Helsinki", time_zone=time_zone, now=NOW, by=SYSTEM
    )


def test_a_store_code_is_given_once(session: Session):
    _add(session)
    with pytest.raises(Conflict) as refused:
        _add(session)
    assert refused.value.code == "store-code-taken"


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../etc/passwd", "UTC+2"])
def test_a_time_zone_that_nobody_knows_is_refused(session: Session, zone: str):
    with pytest.raises(Invalid) as refused:
        _add(session, time_zone=zone)
    assert [each.field for each in refused.value.fields] == ["time_zone"]


def test_a_store_that_an_import_named_loses_its_mark_when_it_is_described(session: Session):
    store = a_store(session)
    store.stub = True
    session.flush()
    commands.edit_store(session, store.id, {"name": "Carmel Center", "city": None}, now=NOW, by=SYSTEM)
    found = queries.store(session, store.id)
    assert (found.name, found.city, found.stub) == ("Carmel Center", None, False)
    (entry,) = audit_search.entries(session, audit_search.Entries(entity="store"), limit=5)
    assert entry.before == {"name": "Store 374", "city": "Haifa", "stub": True}
    assert entry.after == {"name": "Carmel Center", "city": None, "stub": False}


def test_a_change_that_changes_nothing_leaves_no_trace(session: Session):
    store = a_store(session)
    commands.edit_store(session, store.id, {"name": store.name}, now=NOW, by=SYSTEM)
    assert not audit_search.entries(session, audit_search.Entries(entity="store"), limit=5)


def test_a_new_key_ends_the_old_one_and_the_browsers_that_entered_it(session: Session):
    a_chain(session)
    terminal_id, old = a_terminal(session, a_store(session))
    browser, new = passwords.token_hash("browser"), passwords.token_hash("new")
    commands.enrol_browser(session, terminal_id=terminal_id, token_hash=browser, now=NOW)

    def found(*, key: bytes | None = None, enrolment: bytes | None = None) -> bool:
        identity = identify(session, staff_token_hash=None, terminal_key_hash=key, enrolment_hash=enrolment, now=NOW)
        return identity is not None and identity.terminal is not None

    assert found(key=passwords.token_hash(old))
    assert found(enrolment=browser)
    commands.exchange_key(session, terminal_id, key_hash=new, now=NOW, by=SYSTEM)
    session.flush()
    assert not found(key=passwords.token_hash(old))
    assert not found(enrolment=browser)
    assert found(key=new)
    commands.set_terminal_active(session, terminal_id, active=False, now=NOW, by=SYSTEM)
    assert not found(key=new)
    commands.set_terminal_active(session, terminal_id, active=True, now=NOW, by=SYSTEM)
    assert not found(key=new)
    commands.exchange_key(session, terminal_id, key_hash=new, now=NOW, by=SYSTEM)
    assert found(key=new)


def test_the_key_is_not_in_the_trace(session: Session):
    terminal_id, _ = a_terminal(session, a_store(session))
    commands.exchange_key(session, terminal_id, key_hash=b"secret", now=NOW, by=SYSTEM)
    kept = audit_search.entries(session, audit_search.Entries(entity="terminal"), limit=5)
    assert (kept[0].action, kept[0].after) == ("terminal.key", {"key": "new"})


def test_two_tills_opened_at_once_get_two_numbers(committed: Database):
    with committed.session() as session:
        store_id = a_store(session).id
        session.commit()
    together = threading.Barrier(4)

    def open_till(number: int) -> None:
        with committed.session() as session:
            together.wait()
            commands.add_terminal(session, store_id=store_id, name="", key_hash=bytes([number]), now=NOW, by=SYSTEM)
            session.commit()

    threads = [threading.Thread(target=open_till, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with committed.session() as session:
        numbers = session.scalars(sa.select(Terminal.number).order_by(Terminal.number)).all()
    assert numbers == [1, 2, 3, 4]


def test_stores_are_found_by_name_code_or_city_whatever_the_letters(session: Session):
    for code, name, city in (("1", "Kamppi", "Helsinki"), ("2", "100% Market", None), ("3", "כרמל", "חיפה")):
        session.add(Store(code=code, name=name, city=city, time_zone="UTC", stub=False))
    session.flush()

    def codes(text: str) -> list[str]:
        found = [row.code for row in queries.find_stores(session, text, sort="code", descending=False)]
        assert len(found) == queries.count_stores(session, text)
        return found

    assert codes("") == ["1", "2", "3"]
    assert codes("kAMP") == codes("helsinki") == ["1"]
    assert codes("0%") == ["2"]
    assert codes(" חיפה ") == ["3"]
    assert codes("_") == []


def test_what_is_not_there_is_not_found(session: Session):
    for ask in (
        lambda: queries.store(session, 9),
        lambda: queries.terminal(session, 9),
        lambda: commands.edit_store(session, 9, {"name": "x"}, now=NOW, by=SYSTEM),
        lambda: commands.exchange_key(session, 9, key_hash=b"x", now=NOW, by=SYSTEM),
        lambda: commands.set_terminal_active(session, 9, active=True, now=NOW, by=SYSTEM),
    ):
        with pytest.raises(NotFound):
            ask()
