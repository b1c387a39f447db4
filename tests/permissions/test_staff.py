"""Who works here: secrets, sessions, and somebody who stays at head office."""

# REQ A-01 A-02
import datetime as dt
import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from erp_club.kernel import audit_search
from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refused, Unauthenticated
from erp_club.organisation.models import Store
from erp_club.permissions import commands, passwords, queries
from erp_club.permissions.actors import SYSTEM, Actor
from erp_club.permissions.catalog import GRANTS, Permission, Role, Scope
from erp_club.permissions.grants import commands as roles
from erp_club.permissions.grants.models import RoleGrant
from erp_club.permissions.grants.queries import grants_now
from erp_club.permissions.models import Staff, StaffSession
from erp_club.permissions.posts.commands import RULING
from erp_club.permissions.rules import Grant, Held, whole
from erp_club.permissions.workplaces.commands import set_further_stores
from erp_club.permissions.workplaces.queries import further_stores
from tests.make.organisation import NOW, PASSWORD, PIN, a_chain, a_store, a_terminal, an_actor, somebody

KEPT_BY, OF_NOBODY = passwords._ARGON2, passwords.NO_HASH
"""Before the run makes them cheap (tests/conftest.py)."""


def test_a_secret_is_kept_by_argon2id_with_the_costs_that_owasp_names_also_where_nobody_is():
    owasp = "$argon2id$v=19$m=19456,t=2,p=1$"
    assert KEPT_BY.hash("a secret").startswith(owasp)
    assert OF_NOBODY.startswith(owasp)


def _sessions(session: Session, staff_id: int) -> int:
    return session.scalars(sa.select(sa.func.count()).where(StaffSession.staff_id == staff_id)).one()


def _signed_in(session: Session, username: str) -> None:
    commands.sign_in(session, username=username, password=PASSWORD, now=NOW, hours=10)


def _signed_on(session: Session, username: str) -> None:
    terminal_id, _ = a_terminal(session, a_store(session))
    facts = queries.TerminalFacts(terminal_id, 1, "", 1, "374", "Store 374", "Asia/Jerusalem")
    commands.sign_on(session, username=username, pin=PIN, terminal=facts, now=NOW, hours=10)


def test_switching_somebody_off_signs_them_out(session: Session):
    a_chain(session)
    boss, cashier = somebody(session, Role.HQ), somebody(session)
    _signed_in(session, "cashier")
    commands.set_staff_active(session, cashier, active=False, now=NOW, by=an_actor(boss))
    assert _sessions(session, cashier) == 0
    with pytest.raises(Unauthenticated):
        _signed_in(session, "cashier")


def test_another_role_signs_somebody_out_and_another_name_does_not(session: Session):
    a_chain(session)
    boss, cashier = somebody(session, Role.HQ), somebody(session)
    _signed_in(session, "cashier")
    commands.edit_staff(session, cashier, {"name": "Dana", "role": Role.CASHIER}, now=NOW, by=an_actor(boss))
    assert _sessions(session, cashier) == 1
    commands.edit_staff(session, cashier, {"role": Role.MANAGER}, now=NOW, by=an_actor(boss))
    assert _sessions(session, cashier) == 0


def test_another_store_signs_somebody_out_at_the_tills_of_the_one_before(session: Session):
    # REQ T-05
    a_chain(session)
    boss, cashier, other = somebody(session, Role.HQ), somebody(session), a_store(session, "900")
    _signed_in(session, "cashier")
    _signed_on(session, "cashier")
    commands.edit_staff(session, cashier, {"store_id": other.id}, now=NOW, by=an_actor(boss))
    assert _sessions(session, cashier) == 1


def _manager_of_staff(session: Session, store: Store) -> Actor:
    """Somebody who may change who works in one store, and hold there what a cashier does."""
    staff_id = somebody(session, Role.MANAGER, store=store)
    held = {action: (Grant(Scope.STORE),) for action in {*GRANTS[Role.CASHIER], Permission.STAFF_EDIT}}
    return Actor("Dana", Held(held), staff_id, "manager", store_id=store.id)


def test_who_changes_the_staff_of_one_store_gives_nobody_another_store_or_a_greater_role(session: Session):
    a_chain(session)
    here, there = a_store(session), a_store(session, "900")
    by, mine = _manager_of_staff(session, here), somebody(session, store=here)
    boss, far = somebody(session, Role.HQ, store=here), somebody(session, username="far", store=there)
    session.execute(sa.update(RoleGrant).where(RoleGrant.role == "cashier").values(valid_to=sa.func.now()))
    session.add_all(
        RoleGrant(role="cashier", action=action.value, scope="store", approval=False, valid_from=NOW)
        for action in GRANTS[Role.CASHIER]
    )
    session.flush()
    with pytest.raises(Invalid):
        set_further_stores(session, mine, [there.id], now=NOW, by=by)
    with pytest.raises(NotFound):
        set_further_stores(session, far, [here.id], now=NOW, by=by)
    with pytest.raises(Forbidden):
        set_further_stores(session, boss, [], now=NOW, by=by)
    with pytest.raises(Forbidden):
        commands.edit_staff(session, mine, {"role": Role.MANAGER}, now=NOW, by=by)
    with pytest.raises(Refused):
        commands.edit_staff(session, mine, {"store_id": there.id}, now=NOW, by=by)
    commands.edit_staff(session, mine, {"name": "Dana"}, now=NOW, by=by)
    set_further_stores(session, mine, [there.id], now=NOW, by=SYSTEM)
    set_further_stores(session, mine, [], now=NOW, by=by)
    assert further_stores(session, mine) == []


def test_who_holds_something_in_one_store_gives_no_role_of_it_in_another(session: Session):
    a_chain(session)
    here, there = a_store(session), a_store(session, "900")
    by = _manager_of_staff(session, here)
    by = replace(by, held=by.held.also(Permission.STAFF_EDIT))
    somebody(session, store=here)
    far = somebody(session, username="far", store=there)
    with pytest.raises(Forbidden):
        commands.set_pin(session, far, pin="4711", now=NOW, by=by)


def test_a_new_password_signs_somebody_out_everywhere_and_a_new_pin_at_the_tills(session: Session):
    a_chain(session)
    boss, cashier = somebody(session, Role.HQ), somebody(session)
    _signed_in(session, "cashier")
    _signed_on(session, "cashier")
    commands.set_pin(session, cashier, pin="12345678", now=NOW, by=an_actor(boss))
    assert _sessions(session, cashier) == 1
    commands.set_password(session, cashier, password="a few words", now=NOW, by=an_actor(boss))
    assert _sessions(session, cashier) == 0


@pytest.mark.parametrize("pin", ["123", "123456789", "12a4", "", "١٢٣٤"])
def test_a_pin_has_four_to_eight_digits(session: Session, pin: str):
    with pytest.raises(Invalid) as refused:
        commands.set_pin(session, somebody(session), pin=pin, now=NOW, by=SYSTEM)
    assert [each.field for each in refused.value.fields] == ["pin"]


def test_a_password_is_long_enough_and_nothing_else_is_asked_of_it(session: Session):
    staff_id = somebody(session)
    with pytest.raises(Invalid):
        commands.set_password(session, staff_id, password="Aa1!xyz", now=NOW, by=SYSTEM)
    commands.set_password(session, staff_id, password=" äöå כן ", now=NOW, by=SYSTEM)
    commands.sign_in(session, username="cashier", password=" äöå כן ", now=NOW, hours=1)


def test_nobody_switches_themselves_off(session: Session):
    boss, _ = somebody(session, Role.HQ), somebody(session, Role.HQ, username="other")
    with pytest.raises(Conflict) as refused:
        commands.set_staff_active(session, boss, active=False, now=NOW, by=an_actor(boss))
    assert refused.value.code == "not-oneself"


def test_somebody_stays_at_head_office(session: Session):
    boss, idle = somebody(session, Role.HQ), somebody(session, Role.HQ, username="idle")
    commands.set_staff_active(session, idle, active=False, now=NOW, by=an_actor(boss))
    ruler = roles.add_role(session, name="Ruler", copy_of=None, now=NOW, by=an_actor(boss))
    version, wanted = grants_now(session).version, {ruler: whole(RULING).grants}
    roles.change_grants(session, wanted, version=version, now=NOW, by=an_actor(boss))
    # Who gives roles, but holds little else, could give nobody what goes with the last of head office.
    commands.edit_staff(session, somebody(session), {"role": ruler}, now=NOW, by=an_actor(boss))
    for leave in (
        lambda: commands.edit_staff(session, boss, {"role": Role.MANAGER}, now=NOW, by=an_actor(boss)),
        lambda: commands.edit_staff(session, boss, {"role": ruler}, now=NOW, by=an_actor(boss)),
        lambda: commands.set_staff_active(session, boss, active=False, now=NOW, by=SYSTEM),
    ):
        with pytest.raises(Conflict) as refused, session.begin_nested():
            leave()
        assert refused.value.code == "last-head-office"
    commands.set_staff_active(session, idle, active=True, now=NOW, by=an_actor(boss))
    commands.edit_staff(session, boss, {"role": Role.MANAGER}, now=NOW, by=an_actor(boss))


def test_two_of_head_office_cannot_switch_each_other_off(committed: Database):
    with committed.session() as session:
        a_chain(session)
        pair = (somebody(session, Role.HQ, username="one"), somebody(session, Role.HQ, username="two"))
        session.commit()
    together = threading.Barrier(2)
    refusals: list[str] = []

    def switch_off(by: int, other: int) -> None:
        with committed.session() as session:
            together.wait()
            try:
                commands.set_staff_active(session, other, active=False, now=NOW, by=an_actor(by))
                session.commit()
            except Refused as refused:
                refusals.append(refused.code)

    threads = [threading.Thread(target=switch_off, args=each) for each in (pair, pair[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with committed.session() as session:
        left = session.scalars(sa.select(Staff.id).where(Staff.active)).all()
    assert refusals == ["last-head-office"]
    assert len(left) == 1


def test_a_session_cannot_begin_with_a_password_that_was_changed_meanwhile(committed: Database):
    with committed.session() as session:
        staff_id = somebody(session)
        session.commit()
    with committed.session() as slow, committed.session() as quick:
        read = queries.staff_by_username(slow, "cashier")
        assert read is not None
        commands.set_password(quick, staff_id, password="another one", now=NOW, by=SYSTEM)
        quick.commit()
        # What it read before is kept in `slow`, as in a request that was checking the old password.
        with pytest.raises(Unauthenticated):
            commands.sign_in(slow, username="cashier", password=PASSWORD, now=NOW, hours=1)


def test_a_user_name_is_taken_whatever_its_case(session: Session):
    somebody(session, username="dana")
    with pytest.raises(Conflict) as refused:
        somebody(session, username="DANA ")
    assert refused.value.code == "username-taken"


def test_a_store_that_is_not_there_is_refused(session: Session):
    with pytest.raises(Invalid):
        commands.edit_staff(session, somebody(session), {"store_id": 999}, now=NOW, by=SYSTEM)
    with pytest.raises(NotFound):
        commands.edit_staff(session, 999, {"name": "Nobody"}, now=NOW, by=SYSTEM)


def test_changes_are_kept_field_by_field_and_secrets_never(session: Session):
    boss, cashier = somebody(session, Role.HQ), somebody(session)
    by = an_actor(boss)
    commands.edit_staff(session, cashier, {"name": "Dana", "language": None}, now=NOW, by=by)
    commands.edit_staff(session, cashier, {"name": "Dana"}, now=NOW, by=by)
    commands.set_password(session, cashier, password="a few words", now=NOW, by=by)
    commands.set_pin(session, cashier, pin="9999", now=NOW, by=by)
    kept = audit_search.entries(session, audit_search.Entries(entity="staff", staff_ids=(boss,)), limit=10)
    assert [(each.action, each.before, each.after) for each in kept] == [
        ("staff.pin", None, {"pin": "new"}),
        ("staff.password", None, {"password": "new"}),
        ("staff.edit", {"name": "Somebody cashier"}, {"name": "Dana"}),
    ]


def test_the_trace_is_found_by_thing_person_and_day(session: Session):
    boss, cashier = somebody(session, Role.HQ), somebody(session)
    for days in range(3):
        commands.edit_staff(
            session, cashier, {"name": f"Name {days}"}, now=NOW + dt.timedelta(days=days), by=an_actor(boss)
        )
    second = NOW + dt.timedelta(days=1)
    found = audit_search.entries(
        session,
        audit_search.Entries(staff_ids=(boss,), first=second, before=second + dt.timedelta(days=1)),
        limit=10,
    )
    assert [each.after for each in found] == [{"name": "Name 1"}]
    older = audit_search.entries(session, audit_search.Entries(staff_ids=(boss,)), older_than=found[0].id, limit=10)
    assert [each.after for each in older] == [{"name": "Name 0"}]


def test_the_trace_cannot_be_changed(session: Session):
    somebody(session)
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(sa.update(AuditEntry).values(actor="somebody else"))
