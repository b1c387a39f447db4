"""What each role holds, as rows: from the first migration on, at the next request, with its history."""

# REQ A-01 A-02
import datetime as dt

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from erp_club.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from erp_club.permissions import commands, queries
from erp_club.permissions.catalog import Permission, Role, Scope
from erp_club.permissions.delivered.commands import take_in_actions
from erp_club.permissions.grants.models import KnownAction, RoleGrant, StaffPost, StaffRole
from erp_club.permissions.grants.queries import grants_now, grants_of
from erp_club.permissions.rules import Held, by_pin, delivered, whole
from tests.make.office import head_office
from tests.make.organisation import NOW, PASSWORD, a_chain, a_store, an_actor, somebody

LATER = NOW + dt.timedelta(days=1)


def take(session: Session, role: Role, action: Permission) -> None:
    session.execute(
        sa.update(RoleGrant)
        .where(RoleGrant.role == role, RoleGrant.action == action, RoleGrant.valid_to.is_(None))
        .values(valid_to=sa.func.now())
    )


def a_role(session: Session, code: str, *actions: Permission, scope: Scope = Scope.CHAIN) -> str:
    session.add(StaffRole(code=code, name=code.title(), made_at=NOW))
    session.flush()
    for action in actions:
        session.add(RoleGrant(role=code, action=action, scope=scope, approval=False, valid_from=NOW))
    session.flush()
    return code


@pytest.mark.parametrize("role", Role)
def test_a_new_chain_has_the_roles_of_the_product(session: Session, role: Role):
    grants = grants_now(session)
    assert grants.of(role) == delivered(role)
    assert grants.of(role, pin=True) == by_pin(delivered(role))
    assert grants.of("nobody-has-this") == Held()


def test_a_new_action_is_granted_once_and_what_was_taken_away_stays_away(session: Session):
    for action in (Permission.SALES_CANCEL, Permission.SALES_POST):
        take(session, Role.CASHIER, action)
    session.execute(sa.delete(KnownAction).where(KnownAction.action == Permission.SALES_POST))
    take(session, Role.MANAGER, Permission.SALES_POST)
    take(session, Role.HQ, Permission.SALES_POST)
    assert take_in_actions(session.connection()) == 1
    assert take_in_actions(session.connection()) == 0
    held = grants_now(session).of(Role.CASHIER).grants
    assert Permission.SALES_POST in held
    assert Permission.SALES_CANCEL not in held


def test_a_process_reads_the_grants_again_only_when_they_have_changed(session: Session):
    before = grants_now(session)
    kept = grants_of(session, before.version)
    assert grants_of(session, before.version) is kept
    take(session, Role.CASHIER, Permission.SALES_CANCEL)
    after = grants_now(session)
    assert after.version != before.version
    assert Permission.SALES_CANCEL not in grants_of(session, after.version).of(Role.CASHIER).grants


def test_a_role_acts_at_the_next_request(client: TestClient, session: Session):
    office = head_office(client, session)
    assert office.get("/staff").status_code == 200
    take(session, Role.HQ, Permission.STAFF_VIEW)
    session.commit()
    refused = office.get("/staff")
    assert refused.status_code == 403
    assert refused.json()["rule"] == "no-grant"
    assert "“See who works for the chain”" in refused.json()["detail"]


def test_a_grant_is_ended_never_changed_or_deleted(session: Session):
    for wrong in (sa.delete(RoleGrant), sa.update(RoleGrant).values(per_sale=1_000_000)):
        savepoint = session.begin_nested()
        with pytest.raises(DBAPIError, match="never changed or deleted"):
            session.execute(wrong)
        savepoint.rollback()


def test_who_had_which_role_is_kept(session: Session):
    a_chain(session)
    store = a_store(session)
    boss = an_actor(somebody(session, Role.HQ))
    dana = somebody(session, Role.CASHIER, store=store)
    commands.edit_staff(session, dana, {"role": Role.MANAGER}, now=LATER, by=boss)
    commands.edit_staff(session, dana, {"name": "Dana"}, now=LATER, by=boss)
    commands.set_staff_active(session, dana, active=False, now=LATER + dt.timedelta(days=1), by=boss)
    posts = session.scalars(sa.select(StaffPost).where(StaffPost.staff_id == dana).order_by(StaffPost.id)).all()
    assert [(post.role, post.store_id, post.valid_from, post.valid_to) for post in posts] == [
        ("cashier", store.id, NOW, LATER),
        ("manager", store.id, LATER, LATER + dt.timedelta(days=1)),
    ]


def test_nobody_gives_a_role_that_holds_more_than_they_do(session: Session):
    a_chain(session)
    a_role(session, "personnel", Permission.STAFF_VIEW, Permission.STAFF_EDIT, Permission.SELF)
    clerk = somebody(session, Role.CASHIER, username="clerk")
    boss = somebody(session, Role.HQ)
    by = an_actor(clerk)
    by = type(by)(by.name, grants_now(session).of("personnel"), clerk, "personnel")
    with pytest.raises(Forbidden, match="may do more than you"):
        commands.edit_staff(session, clerk, {"role": Role.HQ}, now=NOW, by=by)
    with pytest.raises(Forbidden, match="may do more than you"):
        commands.set_password(session, boss, password=PASSWORD, now=NOW, by=by)
    with pytest.raises(Invalid):
        commands.edit_staff(session, clerk, {"role": "captain"}, now=NOW, by=an_actor(boss))


def test_the_last_administrator_stays(session: Session):
    a_chain(session)
    boss = somebody(session, Role.HQ)
    with pytest.raises(Conflict, match="Somebody has to stay"), session.begin_nested():
        commands.edit_staff(session, boss, {"role": Role.MANAGER}, now=NOW, by=an_actor(boss))
    deputy = somebody(session, Role.HQ, username="deputy")
    commands.set_staff_active(session, deputy, active=False, now=NOW, by=an_actor(boss))


def test_a_store_sees_its_own_staff_and_the_rest_is_not_there(session: Session):
    a_chain(session)
    haifa, eilat = a_store(session), a_store(session, "500")
    a_role(session, "shift", Permission.STAFF_VIEW, Permission.STAFF_EDIT, scope=Scope.STORE)
    near = somebody(session, Role.CASHIER, username="near", store=haifa)
    far = somebody(session, Role.CASHIER, username="far", store=eilat)
    boss = an_actor(somebody(session, Role.HQ))
    by = type(boss)("Shift", grants_now(session).of("shift"), near, "shift", store_id=haifa.id)
    assert [row.username for row in queries.staff_list(session, now=NOW, by=by)] == ["near"]
    assert queries.count_staff(session, by=by) == 1
    with pytest.raises(NotFound):
        queries.staff_member(session, far, now=NOW, by=by)
    with pytest.raises(NotFound):
        commands.set_pin(session, far, pin="1234", now=NOW, by=by)
    everywhere = type(boss)("Shift", whole(Permission), near)
    assert len(queries.staff_list(session, now=NOW, by=everywhere)) == 3
