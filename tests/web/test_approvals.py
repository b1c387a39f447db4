"""Approval on the spot: over the limit somebody else is asked, and what they approve is done once."""

# REQ T-04 A-03 P-11 A-01
import datetime as dt
import itertools
import re
from dataclasses import dataclass
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from erp_club.kernel.errors import Forbidden, NotFound
from erp_club.permissions.actors import Actor
from erp_club.permissions.approvals import queries
from erp_club.permissions.approvals.commands import Deed, ask, decide_approval, permit
from erp_club.permissions.approvals.models import Approval, DayUse
from erp_club.permissions.catalog import Permission, Role, Scope
from erp_club.permissions.models import Staff
from erp_club.permissions.rules import Grant, Held, Limits
from tests.make.clubs import a_club, a_customer, a_membership
from tests.make.office import send
from tests.make.organisation import NOW, PASSWORD, PIN, a_chain, a_store, an_actor, somebody
from web.i18n import say

HTML = {"Accept": "text/html", "Origin": "http://testserver"}
HTMX = HTML | {"HX-Request": "true"}
TODAY = NOW.date()
_numbers = itertools.count()


@dataclass
class Desk:
    """A store manager who may change 500 points at once, and head office who may change any number."""

    client: TestClient
    session: Session
    manager: int
    boss: int
    customer: int
    account: int

    @property
    def url(self) -> str:
        return f"/points-accounts/{self.account}/adjustments"

    def adjust(self, points: int, *, approval: str | None = None) -> Response:
        headers = {"Idempotency-Key": f"adjust-{next(_numbers)}"} | ({"Approval": approval} if approval else {})
        return self.client.post(self.url, json={"points": points, "description": "Goodwill"}, headers=headers)

    def ask(self, points: int = 501, **more: Any) -> Response:
        refused = self.adjust(points)
        assert (refused.status_code, refused.json()["code"]) == (403, "approval-required")
        return self.client.post("/approvals", json=refused.json()["approval"] | more)

    def sign_in(self, username: str) -> None:
        self.client.cookies.clear()
        signed = self.client.post("/sign-in", json={"username": username, "password": PASSWORD})
        self.client.headers["Cookie"] = f"club_session={signed.json()['token']}"
        self.client.cookies.clear()

    def approval(self) -> Approval:
        self.session.expire_all()
        return self.session.scalars(sa.select(Approval).order_by(Approval.id.desc()).limit(1)).one()


@pytest.fixture
def desk(client: TestClient, session: Session) -> Desk:
    a_chain(session)
    manager, boss = somebody(session, Role.MANAGER), somebody(session, Role.HQ)
    somebody(session, Role.CASHIER)
    customer = a_customer(session)
    account = a_membership(session, customer, a_club(session)).points_account_id
    session.commit()
    made = Desk(client, session, manager, boss, customer, account)
    client.headers["Origin"] = "http://testserver"
    made.sign_in("manager")
    return made


def test_the_refusal_holds_all_that_asking_needs_and_names_the_rule(desk: Desk):
    said = desk.adjust(501).json()
    assert (said["code"], said["rule"], said["limit"], said["unit"]) == ("approval-required", "per-sale", 500, "points")
    assert said["approval"]["action"] == "points.adjust"
    assert said["approval"]["amount"] == 501
    assert said["approval"]["customer_id"] == desk.customer
    assert desk.adjust(500).status_code == 201


def test_somebody_elses_pin_approves_it_and_it_is_done_once(desk: Desk):
    asked = desk.ask(staff="hq", pin=PIN)
    assert asked.status_code == 201
    assert (asked.json()["state"], asked.json()["decided_by"], asked.json()["by_pin"]) == (
        "approved",
        "Somebody hq",
        True,
    )
    token = asked.json()["token"]
    assert desk.adjust(501, approval=token).status_code == 201
    again = desk.adjust(501, approval=token)
    assert again.json()["code"] == "approval-required"
    kept = desk.approval()
    assert (kept.asked_by, kept.decided_by, kept.customer_id) == (desk.manager, desk.boss, desk.customer)
    assert kept.used_at is not None


@pytest.mark.parametrize("points", [502, -501])
def test_it_holds_for_what_was_approved_and_nothing_else(desk: Desk, points: int):
    token = desk.ask(staff="hq", pin=PIN).json()["token"]
    assert desk.adjust(points, approval=token).json()["code"] == "approval-required"
    assert desk.approval().used_at is None


def test_it_holds_for_who_asked_alone_and_while_the_other_works_here(desk: Desk):
    token = desk.ask(staff="hq", pin=PIN).json()["token"]
    somebody(desk.session, Role.MANAGER, username="deputy")
    desk.session.commit()
    desk.sign_in("deputy")
    assert desk.adjust(501, approval=token).json()["code"] == "approval-required"
    desk.sign_in("manager")
    for active, status in ((False, 403), (True, 201)):
        desk.session.execute(sa.update(Staff).where(Staff.id == desk.boss).values(active=active))
        desk.session.commit()
        assert desk.adjust(501, approval=token).status_code == status


def test_after_five_minutes_it_is_over(desk: Desk):
    token = desk.ask(staff="hq", pin=PIN).json()["token"]
    kept = desk.approval()
    assert kept.ends_at - kept.asked_at == dt.timedelta(minutes=5)
    by = Actor("Somebody manager", Held({Permission.POINTS_ADJUST: (Grant(approval=True),)}), desk.manager)
    deed = Deed(Permission.POINTS_ADJUST, kept.about, 501, customer_id=desk.customer, club_id=kept.club_id)
    late = type(by)(by.name, by.held, by.staff_id, approvals=(kept.token_hash,))
    with pytest.raises(Forbidden):
        permit(desk.session, deed, on=TODAY, now=kept.ends_at, by=late)
    permit(desk.session, deed, on=TODAY, now=kept.ends_at - dt.timedelta(seconds=1), by=late)
    assert token


@pytest.mark.parametrize(
    ("username", "pin", "status", "code"),
    [
        ("manager", PIN, 403, "second-person-needed"),
        ("cashier", PIN, 403, "not-permitted"),
        ("hq", "1111", 401, "sign-in-wrong"),
        ("nobody", PIN, 401, "sign-in-wrong"),
    ],
)
def test_who_may_not_approve_it_doesnt(desk: Desk, username: str, pin: str, status: int, code: str):
    asked = desk.ask(staff=username, pin=pin)
    assert (asked.status_code, asked.json()["code"]) == (status, code)


def test_another_manager_with_the_same_limit_doesnt_help(desk: Desk):
    somebody(desk.session, Role.MANAGER, username="deputy")
    desk.session.commit()
    assert desk.ask(staff="deputy", pin=PIN).json()["rule"] == "other-store", "head office's business"
    store = a_store(desk.session)
    desk.session.execute(sa.update(Staff).values(store_id=store.id))
    desk.session.commit()
    refused = desk.ask(staff="deputy", pin=PIN).json()
    assert (refused["code"], refused["rule"], refused["limit"]) == ("not-permitted", "per-sale", 500)
    far = a_store(desk.session, "900")
    desk.session.execute(sa.update(Staff).where(Staff.username == "hq").values(store_id=far.id))
    desk.session.commit()
    assert desk.ask(staff="hq", pin=PIN).json()["rule"] == "other-store"


def test_wrong_pins_lock_who_is_guessed_at(desk: Desk):
    said = [desk.client.post("/approvals", json={"action": "points.adjust", "about": "x", "amount": 501, "staff": "hq",
                                                 "pin": f"{pin:04}"}).status_code for pin in range(6)]  # fmt: skip
    assert said[:4] == [401] * 4
    assert 429 in said
    assert desk.ask(staff="hq", pin=PIN).status_code == 429


def test_it_waits_on_the_screen_of_who_may_approve_it(desk: Desk):
    asked = desk.ask().json()
    assert asked["state"] == "waiting"
    assert desk.client.get("/approvals").json()["waiting"] == []
    assert desk.adjust(501, approval=asked["token"]).json()["code"] == "approval-required"
    waits = desk.client.get(f"/approvals/{asked['id']}", headers=HTML | {"HX-Request": "true"}).text
    assert re.search(r'<button[^>]* data-key="F7" autofocus', waits), "a till has no mouse"
    assert "data-close" in waits
    desk.sign_in("hq")
    waiting = desk.client.get("/approvals").json()["waiting"]
    assert [(each["id"], each["amount"], each["asked_by"]) for each in waiting] == [
        (asked["id"], 501, "Somebody manager")
    ]
    page = desk.client.get("/approvals", headers=HTML)
    assert "Change points by hand and undo that." in page.text
    assert "+501" in page.text, "given, not taken"
    assert re.search(rf'href="/customers/{desk.customer}"><bdi>\w', page.text), "and to whom"
    assert (
        send(desk.client, "POST", f"/approvals/{asked['id']}/decisions", {"approve": True}).json()["state"]
        == "approved"
    )
    twice = send(desk.client, "POST", f"/approvals/{asked['id']}/decisions", {"approve": False})
    assert twice.json()["code"] == "approval-decided"
    desk.sign_in("manager")
    assert desk.client.get(f"/approvals/{asked['id']}").json()["state"] == "approved"
    assert "has approved it" in desk.client.get(f"/approvals/{asked['id']}", headers=HTMX).text
    assert desk.adjust(501, approval=asked["token"]).status_code == 201


def test_what_others_wait_for_elsewhere_takes_nobodys_place_on_the_screen(session: Session):
    a_chain(session)
    here, elsewhere = a_store(session), a_store(session, "500")
    asker = somebody(session)
    held = {
        Permission.APPROVALS_GIVE: (Grant(Scope.STORE),),
        Permission.POINTS_ADJUST: (Grant(limits=Limits(per_sale=500)),),
    }
    manager = Actor("Manager", Held(held), somebody(session, Role.MANAGER), store_id=here.id)
    for number, store in enumerate([elsewhere, elsewhere, here]):
        session.add(
            Approval(
                token_hash=bytes([number]), action="points.adjust", amount=100, about="points-account:1",
                store_id=store.id, asked_by=asker, asked_at=NOW, ends_at=NOW + dt.timedelta(minutes=5),
            )
        )  # fmt: skip
    session.flush()
    assert [each.store for each in queries.waiting(session, now=NOW, by=manager, limit=2)] == ["Store 374"]
    theirs, mine = session.scalars(sa.select(Approval.id).order_by(Approval.id)).all()[1:]
    with pytest.raises(NotFound):
        decide_approval(session, theirs, approve=True, now=NOW, by=manager)
    decide_approval(session, mine, approve=True, now=NOW, by=manager)


def test_a_manager_approves_where_they_work_and_head_office_everywhere(session: Session):
    a_chain(session)
    here, elsewhere = a_store(session), a_store(session, "500")
    asker, manager, boss = (somebody(session, role) for role in (Role.CASHIER, Role.MANAGER, Role.HQ))
    stores = [elsewhere.id, None, here.id]
    for number, store_id in enumerate(stores):
        session.add(
            Approval(
                token_hash=bytes([number]), action="points.adjust", amount=100, about="points-account:1",
                store_id=store_id, asked_by=asker, asked_at=NOW, ends_at=NOW + dt.timedelta(minutes=5),
            )
        )  # fmt: skip
    session.flush()
    everywhere, _, mine = session.scalars(sa.select(Approval.id).order_by(Approval.id)).all()
    by = an_actor(manager, Role.MANAGER, store_id=here.id)
    assert [each.id for each in queries.waiting(session, now=NOW, by=by, limit=9)] == [mine]
    for other in (everywhere, everywhere + 1):
        with pytest.raises(NotFound):
            queries.approval(session, other, now=NOW, by=by)
        with pytest.raises(NotFound):
            decide_approval(session, other, approve=True, now=NOW, by=by)
    assert len(queries.waiting(session, now=NOW, by=an_actor(boss), limit=9)) == len(stores)


def test_what_somebody_approves_counts_in_their_own_limit_of_the_day(session: Session):
    a_chain(session)
    store = a_store(session)
    asker, manager = somebody(session), somebody(session, Role.MANAGER)
    held = {
        Permission.APPROVALS_GIVE: (Grant(Scope.STORE),),
        Permission.POINTS_ADJUST: (Grant(limits=Limits(per_day=500)),),
    }
    by = Actor("Manager", Held(held), manager, store_id=store.id)
    cashier = Actor("Dana", Held({Permission.POINTS_ADJUST: (Grant(approval=True),)}), asker, store_id=store.id)
    permit(session, Deed(Permission.POINTS_ADJUST, "points-account:9", 100), on=TODAY, now=NOW, by=by)
    deed = Deed(Permission.POINTS_ADJUST, "points-account:1", 200)
    first, second, third = (ask(session, deed, now=NOW, by=cashier)[0] for _ in range(3))
    decide_approval(session, first, approve=True, now=NOW, by=by)
    decide_approval(session, second, approve=True, now=NOW, by=by)
    with pytest.raises(Forbidden) as refused:
        decide_approval(session, third, approve=True, now=NOW, by=by)
    assert (refused.value.code, refused.value.facts["rule"]) == ("not-permitted", "per-day")
    # What nobody used within its time was never done.
    later = NOW + dt.timedelta(minutes=6)
    again, _ = ask(session, deed, now=later, by=cashier)
    decide_approval(session, again, approve=True, now=later, by=by)


def test_what_is_declined_isnt_done(desk: Desk):
    asked = desk.ask().json()
    desk.sign_in("hq")
    send(desk.client, "POST", f"/approvals/{asked['id']}/decisions", {"approve": False})
    desk.sign_in("manager")
    assert desk.adjust(501, approval=asked["token"]).json()["code"] == "approval-required"
    assert desk.client.get(f"/approvals/{asked['id']}").json()["state"] == "declined"


def test_nobody_approves_their_own_from_their_screen(desk: Desk):
    asked = desk.ask().json()
    own = send(desk.client, "POST", f"/approvals/{asked['id']}/decisions", {"approve": True})
    assert own.json()["code"] == "second-person-needed"


def test_a_cashier_reads_nobodys_approval(desk: Desk):
    asked = desk.ask().json()
    desk.sign_in("cashier")
    assert desk.client.get(f"/approvals/{asked['id']}").status_code == 404
    assert desk.client.get("/approvals").status_code == 403


def test_what_a_role_doesnt_hold_cant_be_asked_for(desk: Desk):
    asked = desk.client.post("/approvals", json={"action": "staff.edit", "about": "staff:1"})
    assert asked.json()["code"] == "not-permitted"


def test_an_approval_is_kept_for_ever(desk: Desk):
    desk.ask(staff="hq", pin=PIN)
    for wrong in (
        sa.delete(Approval),
        sa.update(Approval).values(amount=1),
        sa.update(Approval).values(approved=False),
    ):
        savepoint = desk.session.begin_nested()
        with pytest.raises(DBAPIError, match="never changed or deleted"):
            desk.session.execute(wrong)
        savepoint.rollback()


def test_without_script_the_form_goes_on_where_it_was_stopped(desk: Desk):
    typed = {"points": "501", "description": "Goodwill", "idempotency_key": "form-1"}
    stopped = desk.client.post(desk.url, data=typed, headers=HTML)
    assert stopped.status_code == 403
    assert "more than you may do at once (500)" in stopped.text
    assert 'type="password"' in stopped.text
    dialog = _hidden(stopped.text)
    wrong = desk.client.post("/approvals", data=dialog | {"staff": "hq", "pin": "1111"}, headers=HTML)
    assert wrong.status_code == 401
    assert _hidden(wrong.text)["send"] == dialog["send"]
    approved = desk.client.post("/approvals", data=dialog | {"staff": "hq", "pin": PIN}, headers=HTML)
    assert "Somebody hq</bdi> has approved it." in approved.text
    goes_on = _hidden(approved.text)
    assert (goes_on["points"], goes_on["description"]) == ("501", "Goodwill")
    done = desk.client.post(desk.url, data=goes_on, headers=HTML)
    assert done.status_code == 303


def test_with_script_the_dialog_asks(desk: Desk):
    typed = {"points": "501", "description": "Goodwill", "idempotency_key": "form-2"}
    stopped = desk.client.post(desk.url, data=typed, headers=HTMX)
    assert (stopped.status_code, stopped.headers["HX-Retarget"]) == (403, "#dialog")
    dialog = _hidden(stopped.text)
    pinless = desk.client.post("/approvals", data=dialog | {"staff": "hq"}, headers=HTMX)
    assert pinless.status_code == 422
    assert "Enter the PIN." in pinless.text
    waits = desk.client.post("/approvals", data=dialog | {"later": "yes"}, headers=HTMX)
    assert "every 2s" in waits.text


def _hidden(page: str) -> dict[str, str]:
    """The hidden fields of the form that stands in the page's card."""
    form = page[page.index("<main") :] if "<main" in page else page
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form.split("<footer")[0])
    return {name: unescape(value) for name, value in found}


def cashier(session: Session, limits: Limits, *, store: int | None = None) -> Actor:
    staff_id = session.scalar(sa.text("SELECT id FROM staff WHERE username = 'cashier'"))
    return Actor("Dana", Held({Permission.POINTS_REDEEM: (Grant(limits=limits),)}), staff_id, store_id=store)


def test_what_was_done_today_counts_and_another_store_or_day_begins_anew(session: Session):
    a_chain(session)
    here, there = a_store(session), a_store(session, "500")
    somebody(session, Role.CASHIER)
    by = cashier(session, Limits(per_day=1000), store=here.id)
    deed = Deed(Permission.POINTS_REDEEM, "sale:1", 600)
    permit(session, deed, on=TODAY, now=NOW, by=by)
    with pytest.raises(Forbidden) as refused, session.begin_nested():
        permit(session, deed, on=TODAY, now=NOW, by=by)
    assert (refused.value.facts["rule"], refused.value.facts["limit"]) == ("per-day", 1000)
    permit(session, deed, on=TODAY + dt.timedelta(days=1), now=NOW, by=by)
    permit(session, deed, on=TODAY, now=NOW, by=cashier(session, Limits(per_day=1000), store=there.id))
    assert session.scalar(sa.select(sa.func.sum(DayUse.used))) == 1800
    permit(session, deed, on=TODAY, now=NOW, by=cashier(session, Limits(), store=here.id))
    assert session.scalar(sa.select(sa.func.sum(DayUse.used))) == 1800, "without a limit of the day nothing is counted"


def test_beyond_a_cap_nobody_can_approve(session: Session):
    a_chain(session)
    somebody(session, Role.CASHIER)
    by = cashier(session, Limits())
    by = type(by)(by.name, Held(by.held.grants, {Permission.POINTS_REDEEM: Limits(1000)}), by.staff_id)
    with pytest.raises(Forbidden, match="Nobody in the chain") as refused:
        permit(session, Deed(Permission.POINTS_REDEEM, "sale:1", 1001), on=TODAY, now=NOW, by=by)
    assert (refused.value.code, refused.value.facts["rule"]) == ("not-permitted", "cap-per-sale")
    load = Permission.STORED_VALUE_LOAD
    by = type(by)(by.name, Held({load: (Grant(),)}, {load: Limits(500_00)}), by.staff_id)
    with pytest.raises(Forbidden) as refused:
        permit(session, Deed(load, "card:1", 500_01), on=TODAY, now=NOW, by=by)
    assert "500.00" in say(refused.value.text), "money is told as money"
