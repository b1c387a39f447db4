"""Every route, role and scope: what a grant doesn't reach isn't there, and no narrowed action forgets to look."""

# REQ A-01
import datetime as dt
import itertools
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.clubs.households.models import HouseholdInvitation
from erp_club.clubs.models import Membership
from erp_club.kernel import audit
from erp_club.permissions.catalog import AT_TILL, GRANTS, LIMITS, Permission, Role, Scope, Unit
from erp_club.permissions.grants.models import RoleGrant, StaffRole
from erp_club.permissions.models import Staff
from erp_club.permissions.rules import Asked, Grant, Held, Outcome, by_pin, decide, delivered
from erp_club.receipts.models import Receipt
from tests.house.routes import Walked, walk
from tests.make.browser import a_session_of
from tests.make.clubs import a_club, a_customer, a_membership
from tests.make.organisation import a_chain, a_store, a_terminal, an_actor
from web.cookies import SESSION_COOKIE
from web.scopes import OBJECTS
from web.security import SAFE_METHODS

LISTS = {
    "purchases", "purchases.file", "stores", "stores.file", "staff", "staff.file",
    "uploads.conflicts", "uploads.conflicts.file", "clubs", "clubs.file", "approvals", "lockouts",
    "purchases.of_customer",
    "audit.entries", "audit.file", "audit.search", "audit.irregularities",
}  # fmt: skip
"""Lists, whose queries limit the rows to what the person reaches."""
REPORTS = "reports."
"""All of them ask `only_store` for the store whose figures they tell (tests/web/test_reports.py)."""
MAKES = {
    "clubs.new", "clubs.add", "staff.new", "staff.add", "memberships.join", "baskets.join", "baskets.renew",
    "baskets.upgrade",
    "approvals.decide", "programmes.new", "programmes.add", "programmes.preview",
}  # fmt: skip
"""What makes something new, or names its object in the body: the command looks."""
HERE, ELSEWHERE = 7, 8


def _narrowed() -> list[Walked]:
    return [
        each
        for each in walk()
        if each.declared and each.declared.permission and each.declared.permission.scopes != (Scope.CHAIN,)
    ]


def test_every_route_of_an_action_that_can_be_narrowed_looks_how_far_it_reaches():
    routes = _narrowed()
    assert len(routes) > 30
    blind = [
        str(each)
        for each in routes
        if not any(f"{{{name}" in each.path for name in OBJECTS)
        and each.name not in LISTS | MAKES
        and not each.name.startswith(REPORTS)
    ]
    assert not blind, f"Name the object in the address (web/scopes.py), or limit the rows and say so here: {blind}"


def test_the_whole_table_of_roles_routes_and_scopes_is_decided_as_the_catalogue_says():
    cells = 0
    scopes = [Grant(), Grant(Scope.STORE), Grant(Scope.CLUB, HERE), Grant(Scope.SELF)]
    objects = [Asked(store_id=place, club_id=place, own=place == HERE) for place in (HERE, ELSEWHERE)]
    for each, role, pin, grant, asked in itertools.product(walk(), Role, (False, True), scopes, objects):
        permission = each.declared.permission if each.declared else None
        if permission is None:
            continue
        held = Held(dict.fromkeys(delivered(role).grants, (grant,)))
        decision = decide(by_pin(held) if pin else held, permission, asked, store_id=HERE)
        holds = permission in GRANTS[role] and (not pin or permission in AT_TILL)
        reaches = grant.scope is Scope.CHAIN or asked.store_id == HERE
        assert (decision.outcome is Outcome.ALLOWED) == (holds and reaches), (str(each), role, pin, grant, asked)
        cells += 1
    assert cells > 10_000


def test_limits_are_of_actions_that_count_something():
    assert all(action.unit in Unit for _, action in LIMITS)


@dataclass
class Shop:
    """A person of the role `narrow`, who works in one store, and objects of theirs and of others."""

    client: TestClient
    session: Session
    near: dict[str, int]
    far: dict[str, int]

    def grant(self, permission: Permission, scope: Scope) -> None:
        self.session.execute(
            sa.update(RoleGrant).where(RoleGrant.role == "narrow", RoleGrant.valid_to.is_(None)).values(valid_to=_now())
        )
        row = {
            "role": "narrow",
            "action": permission.value,
            "scope": scope.value,
            "approval": False,
            "valid_from": _now(),
        }
        club = {"club_id": self.near["club_id"]} if scope is Scope.CLUB else {}
        self.session.execute(sa.insert(RoleGrant).values(row | club))
        self.session.commit()

    def ask(self, each: Walked, objects: Mapping[str, int | str]) -> int:
        path = each.path
        for name, number in objects.items():
            path = path.replace(f"{{{name}}}", str(number))
        path = path.replace("{seq}", "1").replace("{suffix}", "csv").replace("{year}", "2026")
        body = None if each.method in SAFE_METHODS else {}
        headers = {"Idempotency-Key": uuid.uuid4().hex, "Accept": "application/json"}
        return self.client.request(each.method, path, json=body, headers=headers).status_code


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@pytest.fixture
def shop(client: TestClient, session: Session) -> Shop:
    a_chain(session)
    stores = [a_store(session), a_store(session, "500")]
    clubs = [a_club(session, code) for code in ("NEAR", "FAR")]
    session.add(StaffRole(code="narrow", name="Narrow", active=True, made_at=_now()))
    session.flush()
    people = [
        Staff(username=name, name=name, role="narrow", store_id=store.id, active=True, created_at=_now())
        for name, store in zip(("near", "far"), stores, strict=True)
    ]
    session.add_all(people)
    session.flush()
    found: list[dict[str, int]] = []
    for store, club, person in zip(stores, clubs, people, strict=True):
        member, child = a_customer(session, f"10000{store.id}"), a_customer(session, f"20000{store.id}")
        membership, other = a_membership(session, member, club), a_membership(session, child, club)
        invitation = HouseholdInvitation(
            main_customer_id=member, main_membership_id=membership.membership_id, customer_id=child,
            membership_id=other.membership_id, at=_now(), by="near",
        )  # fmt: skip
        receipt = Receipt(
            customer_id=0, store_id=store.id, staff_id=person.id, receipt_no="1", sold_at=_now(), sold_on=_now().date(),
            list_minor=0, total_minor=0, source="till",
        )  # fmt: skip
        session.add_all([receipt, invitation])
        session.flush()
        found.append(
            {
                "store_id": store.id, "terminal_id": a_terminal(session, store)[0], "staff_id": person.id,
                "club_id": club, "membership_id": membership.membership_id, "account_id": membership.points_account_id,
                "purchase_id": receipt.id, "invitation_id": invitation.id,
            }
        )  # fmt: skip
    token = a_session_of(session, people[0].id)
    session.commit()
    client.headers.update({"Cookie": f"{SESSION_COOKIE}={token}", "Origin": "http://testserver"})
    return Shop(client, session, *found)


OF: dict[Scope, set[str]] = {
    Scope.STORE: {"store_id", "terminal_id", "staff_id", "purchase_id"},
    Scope.CLUB: {"club_id", "membership_id", "account_id", "invitation_id"},
    Scope.SELF: {"purchase_id"},
}


@pytest.mark.parametrize("scope", OF)
def test_what_a_narrowed_grant_doesnt_reach_is_not_there(shop: Shop, scope: Scope):
    asked: list[tuple[str, int, int]] = []
    far = {name: f"{number:010}" for name, number in shop.far.items()}
    by_permission = sorted(_narrowed(), key=lambda each: str(each.declared and each.declared.permission))
    for permission, routes in itertools.groupby(
        by_permission, key=lambda each: each.declared and each.declared.permission
    ):
        if permission is None or scope not in permission.scopes:
            continue
        shop.grant(permission, scope)
        for each in routes:
            if (each.declared and each.declared.at_till) or not any(f"{{{name}}}" in each.path for name in OF[scope]):
                continue
            # However the number is written that the route takes.
            there = {shop.ask(each, written) for written in (shop.far, far)}
            asked.append((str(each), shop.ask(each, shop.near), max(there, key=lambda status: status != 404)))
    assert asked
    assert not [route for route, _, elsewhere in asked if elsewhere != 404], "Others' objects are shown"
    # No club here gives rewards, so there is no period of one to be seen.
    own = [(route, near) for route, near, _ in asked if "{rule}" not in route]
    assert not [route for route, near in own if near in (401, 403, 404)], "One's own objects are hidden"


def test_a_list_holds_only_what_is_reached(shop: Shop):
    def seen(permission: Permission, url: str, key: str, scope: Scope = Scope.STORE) -> list[Any]:
        shop.grant(permission, scope)
        return [row["id"] for row in shop.client.get(url).json()[key]]

    assert seen(Permission.PURCHASES_VIEW, "/purchases", "purchases") == [shop.near["purchase_id"]]
    assert seen(Permission.PURCHASES_VIEW, "/purchases", "purchases", Scope.SELF) == [shop.near["purchase_id"]]
    assert seen(Permission.PURCHASES_VIEW, f"/purchases?store={shop.far['store_id']}", "purchases") == []
    assert seen(Permission.STORES_VIEW, "/stores", "stores") == [shop.near["store_id"]]
    assert seen(Permission.STAFF_VIEW, "/staff", "staff") == [shop.near["staff_id"]]
    assert seen(Permission.CLUBS_VIEW, "/clubs", "clubs", Scope.CLUB) == [shop.near["club_id"]]
    shop.grant(Permission.PURCHASES_EXPORT, Scope.STORE)
    assert len(shop.client.get("/purchases.csv").text.strip().splitlines()) == 2


def test_a_customer_s_year_in_all_stores_isn_t_told_who_sees_the_receipts_of_some(shop: Shop):
    # REQ A-01
    holder = sa.select(Membership.customer_id).where(Membership.id == shop.near["membership_id"])
    customer_id = shop.session.scalars(holder).one()

    def told(scope: Scope) -> bool:
        shop.grant(Permission.PURCHASES_VIEW, scope)
        seeing = {"role": "narrow", "action": Permission.CUSTOMERS_VIEW.value, "scope": Scope.CHAIN.value}
        shop.session.execute(sa.insert(RoleGrant).values(seeing | {"approval": False, "valid_from": _now()}))
        shop.session.commit()
        return shop.client.get(f"/customers/{customer_id}").json()["year"] is not None

    assert [told(scope) for scope in (Scope.CHAIN, Scope.STORE, Scope.SELF)] == [True, False, False]


def test_who_holds_some_clubs_makes_no_further_one_and_previews_no_other_s(shop: Shop):
    # REQ A-01
    def answer(url: str, body: dict[str, Any]) -> tuple[int, str]:
        told = shop.client.post(url, json=body, headers={"Idempotency-Key": uuid.uuid4().hex})
        return told.status_code, told.json().get("code", "")

    shop.grant(Permission.CLUBS_EDIT, Scope.CLUB)
    programme = {"code": "MORE", "names": {"en": "More"}, "currency": "ILS"}
    assert answer("/programmes", programme) == (403, "not-permitted")
    indic = "".join(chr(ord("٠") + int(digit)) for digit in str(shop.far["club_id"]))
    for written in (str(shop.far["club_id"]), f"{shop.far['club_id']:09}"):
        assert answer("/programmes/previews", {"club_id": written})[0] == 404
    assert '"FAR"' not in shop.client.post("/programmes/previews", json={"club_id": indic}).text
    assert answer("/programmes/previews", {"club_id": str(shop.near["club_id"])})[0] != 404


def test_whoever_reads_the_change_log_of_one_store_sees_and_takes_out_what_was_done_there(shop: Shop):
    # REQ A-02
    member = shop.session.execute(sa.select(sa.func.max(Receipt.customer_id))).scalar_one()
    for place, number in ((shop.near, "near"), (shop.far, "far")):
        by = an_actor(place["staff_id"], store_id=place["store_id"])
        told = {"entity": "customer", "customer_id": member, "after": {"number": number}}
        audit.record(shop.session, by=by, now=_now(), action="customer.edit", entity_id=number, **told)
    by = an_actor(shop.near["staff_id"])
    audit.record(shop.session, by=by, now=_now(), action="store.edit", entity="store", entity_id="nowhere")
    shop.grant(Permission.AUDIT_VIEW, Scope.STORE)

    def seen(query: str = "") -> list[str]:
        return [each["entity_id"] for each in shop.client.get(f"/audit-entries{query}").json()["entries"]]

    assert seen("?action=customer.edit") == ["near"]
    assert "nowhere" not in seen()
    assert seen(f"?store_id={shop.near['store_id']}&entity=customer") == ["near"]
    assert seen(f"?store_id={shop.far['store_id']}") == []
    page = shop.client.get("/audit-entries").json()
    assert [each["id"] for each in page["stores"]] == [shop.near["store_id"]]
    for words in ("near", "far"):
        found = shop.client.post("/audit-searches", json={"text": words}, headers={"Accept": "application/json"}).json()
        assert [each["entity_id"] for each in found["entries"] if each["entity"] == "customer"] == (
            ["near"] if words == "near" else []
        )
    assert shop.client.get("/irregularities").json()["found"] == []
