"""Head office decides on one page who may do what: seen before it is saved, acting at the next request, kept."""

# REQ A-01 A-02
import datetime as dt
import re
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Permission, Role, Scope
from erp_club.permissions.commands import add_staff, edit_staff
from erp_club.permissions.grants.models import RoleGrant
from erp_club.permissions.grants.queries import grants_now
from erp_club.permissions.rules import Grant, Limits, delivered
from erp_club.permissions.workplaces.commands import set_further_stores
from tests.make.clubs import a_club
from tests.make.office import HTML, head_office, send
from tests.make.organisation import PASSWORD, a_store, somebody
from tests.make.wire import statements


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    return head_office(client, session)


def cells(session: Session, role: str) -> dict[str, Any]:
    """What a role holds, as a change says it."""
    told: dict[str, Any] = {}
    for action, (grant, *_) in grants_now(session).of(role).grants.items():
        told[action.value] = {"may": "yes", "per_sale": grant.limits.per_sale}
    return told


def change(office: TestClient, session: Session, role: str, held: dict[str, Any], **more: Any) -> Response:
    body = {"version": str(grants_now(session).version), "roles": [role], "grants": {role: held}} | more
    return send(office, "PUT", "/grants", body)


def test_the_matrix_says_what_its_limits_are_counted_in(office: TestClient):
    page = office.get("/grants", headers=HTML).text
    rows = [row for area in office.get("/grants").json()["areas"] for row in area["rows"]]
    counted = {unit: sum(row["unit"] == unit for row in rows) for unit in ("money", "points")}
    assert min(counted.values()) > 0
    plain = re.sub(r"</?bdi[^>]*>", "", page)
    assert (plain.count("Limits in ILS"), plain.count("Limits in points")) == (counted["money"], counted["points"])


def test_the_matrix_shows_every_action_by_every_role(office: TestClient):
    view = office.get("/grants").json()
    rows = [row for area in view["areas"] for row in area["rows"]]
    assert {row["action"] for row in rows} == set(Permission)
    assert [role["code"] for role in view["roles"]] == ["hq", "manager", "cashier"]
    adjust = next(row for row in rows if row["action"] == "points.adjust")
    assert [(cell["may"], cell["per_sale"]) for cell in adjust["cells"]] == [("yes", None), ("yes", 500), ("", None)]
    page = office.get("/grants", headers=HTML).text
    assert "Change points by hand and undo that." in page
    assert "Money" in page


def test_a_change_is_shown_first_and_then_saved_and_acts_at_once(office: TestClient, session: Session):
    held = cells(session, "cashier") | {"stored_value.give": {"may": "approval", "per_sale": 50_00, "per_day": 100_00}}
    del held["sales.cancel"]
    preview = change(office, session, "cashier", held, preview=True)
    assert preview.status_code == 200
    told = [(each["action"], [line["may"] for line in each["becomes"]]) for each in preview.json()["changes"]]
    assert sorted(told) == [("sales.cancel", []), ("stored_value.give", ["approval"])]
    assert Permission.SALES_CANCEL in grants_now(session).of("cashier").grants
    assert change(office, session, "cashier", held).json()["saved"] is True
    now = grants_now(session).of("cashier").grants
    assert Permission.SALES_CANCEL not in now
    assert now[Permission.STORED_VALUE_GIVE] == (Grant(limits=Limits(50_00, 100_00), approval=True),)
    assert change(office, session, "cashier", cells(session, "cashier") | held).json()["changes"] == []


def test_what_was_held_is_kept_with_its_time_and_who_ended_it(office: TestClient, session: Session):
    held = cells(session, "manager")
    held["points.adjust"] = {"may": "yes", "per_sale": 700}
    assert change(office, session, "manager", held).status_code == 200
    rows = session.scalars(
        sa.select(RoleGrant)
        .where(RoleGrant.role == "manager", RoleGrant.action == "points.adjust")
        .order_by(RoleGrant.id)
    ).all()
    assert [(row.per_sale, row.valid_to is None) for row in rows] == [(500, False), (700, True)]
    assert rows[0].ended_by == rows[1].made_by is not None
    entry = office.get("/audit-entries?entity=role").json()["entries"][0]
    assert (entry["action"], entry["entity_id"]) == ("grants.change", "manager")


def test_without_script_the_same_is_done_by_a_form(office: TestClient, session: Session):
    page = office.get("/grants?role=manager", headers=HTML).text
    typed = _fields(page) | {
        "grants.manager.points:adjust.most": "800",
        "grants.manager.stored_value:give.most": "99.90",
        "grants.caps.points:redeem.most": "5000",
        "preview": "true",
        "idempotency_key": "grants-1",
    }
    shown = office.post("/grants", data=typed, headers=HTML)
    assert shown.status_code == 200, shown.text
    assert "What changes" in shown.text
    assert "800" in shown.text
    assert "99.90" in shown.text
    saved = office.post("/grants", data=_fields(shown.text), headers=HTML)
    assert saved.status_code == 303
    now = grants_now(session)
    assert now.of("manager").grants[Permission.POINTS_ADJUST] == (Grant(limits=Limits(800)),)
    assert now.of("manager").grants[Permission.STORED_VALUE_GIVE] == (Grant(limits=Limits(99_90)),)
    assert now.caps[Permission.POINTS_REDEEM] == Limits(5000)
    assert now.of("cashier").grants == delivered(Role.CASHIER).grants


def test_two_who_change_it_at_once_dont_undo_each_other(office: TestClient, session: Session):
    version = str(grants_now(session).version)
    held = cells(session, "cashier")
    del held["sales.cancel"]
    assert change(office, session, "cashier", held).status_code == 200
    late = change(office, session, "cashier", held, version=version)
    assert (late.status_code, late.json()["code"]) == (409, "grants-changed")


def test_an_action_is_narrowed_only_where_that_means_something(office: TestClient, session: Session):
    wrong = change(office, session, "cashier", {"sales.post": {"may": "club"}})
    assert wrong.status_code == 422
    clubless = change(office, session, "manager", {"points.adjust": {"may": "club"}})
    assert clubless.status_code == 422
    limited = change(office, session, "cashier", {"sales.post": {"may": "yes", "per_sale": 5}})
    assert limited.status_code == 422
    assert change(office, session, "captain", {}).status_code == 422
    assert change(office, session, "cashier", {"sales.fly": {"may": "yes"}}).status_code == 422


def test_a_role_may_be_for_some_clubs(office: TestClient, session: Session):
    club = a_club(session)
    session.commit()
    held = {"points.adjust": {"may": "club", "per_sale": 100}, "self.preferences": {"may": "yes"}}
    assert change(office, session, "manager", held, clubs={"manager": [club]}).status_code == 200
    grants = grants_now(session).of("manager").grants[Permission.POINTS_ADJUST]
    assert grants == (Grant(Scope.CLUB, club, Limits(100)),)
    assert office.get("/grants?role=manager").json()["roles"][0]["clubs"] == [club]


def test_nobody_grants_what_they_dont_hold(office: TestClient, session: Session):
    ruling = {"roles.view": {"may": "yes"}, "roles.edit": {"may": "yes"}, "self.preferences": {"may": "yes"}}
    assert (
        change(office, session, "manager", ruling | {"points.adjust": {"may": "yes", "per_sale": 500}}).status_code
        == 200
    )
    somebody(session, Role.MANAGER)
    session.commit()
    token = office.post("/sign-in", json={"username": "manager", "password": PASSWORD}).json()["token"]
    office.cookies.clear()
    office.headers["Cookie"] = f"club_session={token}"
    for held in ({"points.adjust": {"may": "yes", "per_sale": 501}}, {"staff.edit": {"may": "yes"}}):
        refused = change(office, session, "cashier", cells(session, "cashier") | held)
        assert (refused.status_code, refused.json()["code"]) == (403, "not-yours-to-give")
    lowered = cells(session, "cashier") | {"points.adjust": {"may": "yes", "per_sale": 500}}
    assert change(office, session, "cashier", lowered).status_code == 200
    lifted = change(
        office, session, "caps", {"points.adjust": {"per_sale": 9}}, grants={"caps": {"points.adjust": {"per_sale": 9}}}
    )
    assert lifted.json()["code"] == "not-yours-to-give"


def test_somebody_always_stays_who_rules(office: TestClient, session: Session):
    for lost in ("roles.edit", "staff.edit"):
        held = cells(session, "hq")
        del held[lost]
        refused = change(office, session, "hq", held)
        assert (refused.status_code, refused.json()["code"]) == (409, "last-head-office")


def test_a_role_is_copied_renamed_given_and_closed(office: TestClient, session: Session):
    made = send(office, "POST", "/roles", {"name": "Shift lead", "copy_of": "cashier"})
    assert (made.status_code, made.json()["code"]) == (201, "shift-lead")
    assert grants_now(session).of("shift-lead").grants == grants_now(session).of("cashier").grants
    assert send(office, "POST", "/roles", {"name": "Shift lead"}).json()["code"] == "shift-lead-2"
    assert send(office, "POST", "/roles", {"name": "ראש משמרת"}).json()["code"] == "role"
    assert send(office, "PATCH", "/roles/shift-lead", {"name": "Shift leader"}).json()["name"] == "Shift leader"
    person = {"username": "dana", "name": "Dana", "role": "shift-lead", "pin": "1234"}
    assert send(office, "POST", "/staff", person).status_code == 201
    assert "Shift leader" in office.get("/staff", headers=HTML).text
    assert send(office, "POST", "/roles/shift-lead/closures").json()["code"] == "role-in-use"
    assert send(office, "POST", "/roles/shift-lead-2/closures").json()["active"] is False
    assert send(office, "POST", "/staff", person | {"username": "eli", "role": "shift-lead-2"}).status_code == 422
    assert send(office, "PATCH", "/roles/shift-lead-2", {"name": "Nobody"}).status_code == 404


def test_who_only_sees_the_matrix_changes_nothing(office: TestClient, session: Session):
    seeing = {"roles.view": {"may": "yes"}, "home.view": {"may": "yes"}, "self.preferences": {"may": "yes"}}
    assert change(office, session, "manager", seeing).status_code == 200
    somebody(session, Role.MANAGER)
    session.commit()
    token = office.post("/sign-in", json={"username": "manager", "password": PASSWORD}).json()["token"]
    office.cookies.clear()
    office.headers["Cookie"] = f"club_session={token}"
    page = office.get("/grants", headers=HTML)
    assert page.status_code == 200
    assert "See what changes" not in page.text
    assert change(office, session, "cashier", {}).status_code == 403


def _fields(page: str) -> dict[str, Any]:
    """What a browser would send of the form of the matrix."""
    form = page[page.index('action="/grants"') :]
    form = form[: form.index("</form>")]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name is None or ('type="checkbox"' in tag and "checked" not in tag):
            continue
        told = unescape(value[1]) if value else "on"
        if name[1].endswith("[]"):
            found.setdefault(name[1], []).append(told)
        else:
            found[name[1]] = told
    for name, options in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def test_who_could_do_it_in_a_store_on_a_day_is_answered_from_the_history(office: TestClient, session: Session):
    haifa, eilat = a_store(session), a_store(session, "500")
    boss = SYSTEM
    may = dt.datetime(2026, 5, 4, 8, tzinfo=dt.UTC)
    people = {
        name: add_staff(
            session, username=name, name=name.title(), role="manager", password=None, pin=None, store_id=store.id,
            now=may, by=boss,
        )
        for name, store in (("ana", haifa), ("ben", eilat))
    }  # fmt: skip
    session.execute(
        sa.insert(RoleGrant).values(
            role="cashier", action="stored_value.give", scope="store", per_sale=20_00, approval=False,
            valid_from=may, valid_to=may + dt.timedelta(days=20),
        )
    )  # fmt: skip
    for staff_id in people.values():
        edit_staff(session, staff_id, {"role": "cashier"}, now=may + dt.timedelta(days=10), by=boss)
    session.commit()
    asked = "/grants/holders?action=stored_value.give"
    found = office.get(f"{asked}&store_id={haifa.id}&on=2026-05-15").json()["holders"]
    assert [(each["name"], each["role"], each["may"], each["per_sale"]) for each in found] == [
        ("Ana", "cashier", "store", 20_00)
    ]
    assert found[0]["first"].startswith("2026-05-14")
    assert office.get(f"{asked}&store_id={haifa.id}&on=2026-05-13").json()["holders"] == []
    assert office.get(f"{asked}&store_id={haifa.id}&on=2026-05-25").json()["holders"] == []
    everywhere = office.get(f"{asked}&on=2026-05-20").json()["holders"]
    assert [each["name"] for each in everywhere] == ["Ana", "Ben"]
    page = office.get(f"{asked}&on=2026-05-20", headers=HTML).text
    assert "Give a gift card away." in page
    nobody = office.get(f"{asked}&on=2026-05-01", headers=HTML).text
    assert "Nobody could do it there" in nobody
    assert "Who may do what is kept here since" in nobody
    assert office.get("/grants/holders", headers=HTML).status_code == 200


def test_who_signed_on_at_the_tills_of_a_further_store_could_do_it_there(office: TestClient, session: Session):
    haifa, eilat = a_store(session), a_store(session, "500")
    may = dt.datetime(2026, 5, 4, 8, tzinfo=dt.UTC)
    staff_id = add_staff(
        session, username="ana", name="Ana", role="cashier", password=None, pin=None, store_id=haifa.id, now=may,
        by=SYSTEM,
    )  # fmt: skip
    session.execute(
        sa.insert(RoleGrant).values(
            role="cashier", action="sales.return_without_receipt", scope="store", approval=False, valid_from=may
        )
    )
    for days, stores in ((5, [eilat.id]), (9, [])):
        set_further_stores(session, staff_id, stores, now=may + dt.timedelta(days=days), by=SYSTEM)
    session.commit()
    asked = f"/grants/holders?action=sales.return_without_receipt&store_id={eilat.id}"
    found = office.get(f"{asked}&on=2026-05-10").json()["holders"]
    assert [(each["name"], each["further"]) for each in found if each["may"] == "store"] == [("Ana", True)]
    after = office.get(f"{asked}&on=2026-05-14").json()["holders"]
    assert not [each for each in after if each["may"] == "store"]
    assert "further store" in office.get(f"{asked}&on=2026-05-10", headers=HTML).text


def test_the_check_costs_no_query_and_a_change_one_for_each_process(office: TestClient, session: Session):
    def asked() -> int:
        with statements(session) as sent:
            assert office.get("/staff/new").status_code == 200
        return len(sent)

    asked()
    usual = asked()
    held = cells(session, "cashier")
    del held["sales.cancel"]
    assert change(office, session, "cashier", held).status_code == 200
    assert asked() > usual
    assert asked() == usual
