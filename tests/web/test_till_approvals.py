"""At the till: what meets the cashier's limit is approved by a manager's PIN and goes on, for this sale alone."""

# REQ T-04 A-03 V-03
import datetime as dt
import itertools
import json
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.permissions.approvals.models import Approval
from erp_club.permissions.catalog import Permission, Role, Scope
from erp_club.permissions.grants.models import RoleGrant
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.offers import a_published_offer, points_that_pay
from tests.make.organisation import NOW, PIN, a_store, somebody
from tests.make.purchases import Till, a_product, a_till

MILK = "7290000000017"
numbers = itertools.count(1)


@pytest.fixture
def till(session: Session) -> Till:
    """A till whose cashier may let a customer pay with 100 points at once, and a manager without limits."""
    made = a_till(session)
    a_product(session, MILK)
    yael = a_customer(session)
    moved(session, yael, a_membership(session, yael, a_club(session)).points_account_id, 500)
    points_that_pay(session)
    somebody(session, Role.MANAGER)
    limit(session, Role.CASHIER, Permission.POINTS_REDEEM, per_sale=100)
    session.commit()
    return made


def limit(session: Session, role: Role, action: Permission, **grant: Any) -> None:
    session.execute(
        sa.update(RoleGrant)
        .where(RoleGrant.role == role, RoleGrant.action == action, RoleGrant.valid_to.is_(None))
        .values(valid_to=sa.func.now())
    )
    told = {"scope": Scope.CHAIN} | grant
    session.add(RoleGrant(role=role, action=action, approval=False, valid_from=NOW, **told))
    session.flush()


def buy(client: TestClient, till: Till, points: int, *, receipt: str, approval: str = "", **said: Any) -> Response:
    payments = [{"means": "points", "points": points}, {"means": "card", "amount_minor": 30_00 - points * 5}]
    lines = [{"sku": MILK, "quantity": "3"}]
    body = {"customer": {"number": "100001"}, "lines": lines, "receipt_no": receipt, "payments": payments}
    return write(client, till, "/purchases", body | said, approval=approval)


def write(client: TestClient, till: Till, url: str, body: dict[str, Any], *, approval: str = "") -> Response:
    headers = till.headers | {"Idempotency-Key": uuid.uuid4().hex} | ({"Approval": approval} if approval else {})
    return client.post(url, json=body, headers=headers)


def approve(client: TestClient, till: Till, refused: Response, **more: Any) -> str:
    assert (refused.status_code, refused.json()["code"]) == (403, "approval-required"), refused.text
    asked = write(client, till, "/approvals", refused.json()["approval"] | {"staff": "manager", "pin": PIN} | more)
    assert asked.json()["state"] == "approved", asked.text
    return asked.json()["token"]


def test_a_manager_approves_more_points_at_the_till_and_the_sale_goes_on(client: TestClient, till: Till):
    assert buy(client, till, 100, receipt="A-1").status_code == 201
    refused = buy(client, till, 200, receipt="A-2")
    assert (refused.json()["rule"], refused.json()["limit"]) == ("per-sale", 100)
    token = approve(client, till, refused)
    sold = buy(client, till, 200, receipt="A-2", approval=token)
    assert sold.status_code == 201, sold.text
    assert sold.json()["spent"][0]["points"] == 200


@pytest.mark.parametrize(("points", "receipt"), [(201, "A-1"), (200, "A-2")])
def test_it_is_no_leave_for_other_points_or_another_sale(client: TestClient, till: Till, points: int, receipt: str):
    token = approve(client, till, buy(client, till, 200, receipt="A-1"))
    assert buy(client, till, points, receipt=receipt, approval=token).json()["code"] == "approval-required"
    assert buy(client, till, 200, receipt="A-1", approval=token).status_code == 201


def test_a_sale_that_is_refused_for_something_else_leaves_the_approval_for_the_next_try(
    client: TestClient, session: Session, till: Till
):
    token = approve(client, till, buy(client, till, 200, receipt="A-1"))
    lines = [{"sku": "unknown", "quantity": "3"}]
    payments = [{"means": "points", "points": 200}, {"means": "card", "amount_minor": 20_00}]
    body = {"customer": {"number": "100001"}, "lines": lines, "receipt_no": "A-1", "payments": payments}
    assert write(client, till, "/purchases", body, approval=token).status_code == 422
    assert buy(client, till, 200, receipt="A-1", approval=token).status_code == 201
    used = session.scalars(sa.select(Approval)).one()
    assert used.used_at is not None
    assert (used.terminal_id, used.store_id) == (till.terminal_id, till.store_id)


def test_the_limit_of_a_day_sums_up_what_the_cashier_has_done(client: TestClient, session: Session, till: Till):
    limit(session, Role.CASHIER, Permission.POINTS_REDEEM, per_day=150)
    session.commit()
    assert buy(client, till, 100, receipt="A-1").status_code == 201
    refused = buy(client, till, 100, receipt="A-2")
    assert (refused.json()["rule"], refused.json()["limit"]) == ("per-day", 150)
    # Nor on another day that the till names.
    earlier = (dt.datetime.now(dt.UTC) - dt.timedelta(days=3)).isoformat()
    assert buy(client, till, 100, receipt="A-2", sold_at=earlier).json()["rule"] == "per-day"
    assert buy(client, till, 50, receipt="A-3").status_code == 201
    assert buy(client, till, 100, receipt="A-2", approval=approve(client, till, refused)).status_code == 201


def test_a_return_beyond_the_limit_is_shown_and_needs_approval_to_be_booked(
    client: TestClient, session: Session, till: Till
):
    sold = buy(client, till, 100, receipt="A-1").json()
    limit(session, Role.CASHIER, Permission.SALES_RETURN, per_sale=10_00)
    session.commit()
    url, goods = f"/purchases/{sold['id']}/returns", {"lines": [{"line_no": 1, "quantity": "3"}]}
    assert write(client, till, url, goods | {"preview": True}).status_code == 200
    refused = write(client, till, url, goods)
    assert refused.json()["unit"] == "money"
    assert "10.00" in refused.json()["detail"]
    # T-04: by form the cashier goes on in the till's dialog; without script the slip leads back to the till.
    html = till.headers | {"Accept": "text/html"}
    send = json.dumps({"url": url, "method": "POST", "fields": [["lines[0].line_no", "1"]]})
    form = refused.json()["approval"] | {"staff": "manager", "pin": PIN, "send": send}
    page = client.post("/approvals", data=form, headers=html | {"HX-Request": "true"}).text
    assert f'hx-post="{url}" hx-target="#dialog"' in page
    headers = html | {"Idempotency-Key": uuid.uuid4().hex, "Approval": approve(client, till, refused)}
    done = client.post(url, json=goods, headers=headers, follow_redirects=False)
    assert (done.status_code, done.headers["Location"].endswith("/slip")) == (303, True)
    assert 'href="/till"' in client.get(done.headers["Location"], headers=html).text


def test_goods_without_a_receipt_are_taken_back_up_to_the_limit(client: TestClient, session: Session, till: Till):
    session.add(
        RoleGrant(
            role="cashier", action=Permission.SALES_RETURN_WITHOUT_RECEIPT, scope="chain", approval=True, valid_from=NOW
        )
    )  # fmt: skip
    session.commit()
    body = {"lines": [{"sku": MILK, "quantity": "1"}], "reason": "Opened"}
    refused = write(client, till, "/returns", body)
    assert refused.json()["rule"] == "every-time"
    token = approve(client, till, refused)
    other = body | {"lines": [{"sku": MILK, "quantity": "2"}]}
    assert write(client, till, "/returns", other, approval=token).json()["code"] == "approval-required"
    assert write(client, till, "/returns", body, approval=token).status_code == 201


def test_the_cashiers_own_pin_approves_nothing(client: TestClient, till: Till):
    refused = buy(client, till, 200, receipt="A-1")
    own = write(client, till, "/approvals", refused.json()["approval"] | {"staff": "cashier", "pin": PIN})
    assert own.json()["code"] == "second-person-needed"


def test_a_manager_of_another_store_approves_nothing_here(client: TestClient, session: Session, till: Till):
    somebody(session, Role.MANAGER, username="far", store=a_store(session, "900"))
    session.commit()
    refused = buy(client, till, 200, receipt="A-1")
    far = write(client, till, "/approvals", refused.json()["approval"] | {"staff": "far", "pin": PIN})
    assert (far.json()["code"], far.json()["rule"]) == ("not-permitted", "other-store")


def test_a_discount_that_the_cashier_gives_is_limited_by_its_share_of_the_price(
    client: TestClient, session: Session, till: Till
):
    a_published_offer(session, "SORRY", names={"en": "Goodwill"}, activation={"by": "cashier"})
    limit(session, Role.CASHIER, Permission.OFFERS_ACTIVATE, percent_bp=5_00)
    session.commit()
    lines, chosen = [{"sku": MILK, "quantity": "3"}], [{"offer": "SORRY"}]
    payments = [{"means": "card", "amount_minor": 27_00}]
    body = {"lines": lines, "activations": chosen, "receipt_no": "A-1", "payments": payments}
    refused = write(client, till, "/purchases", body)
    assert (refused.json().get("rule"), refused.json().get("limit")) == ("discount", 5_00), refused.text
    assert refused.json()["approval"]["percent_bp"] == 10_00
    assert write(client, till, "/purchases", body, approval=approve(client, till, refused)).status_code == 201


def a_goodwill_and_points(till: Till, session: Session) -> dict[str, Any]:
    """A sale in which the cashier meets two limits: for the points, and for the discount."""
    a_published_offer(session, "SORRY", names={"en": "Goodwill"}, activation={"by": "cashier"})
    limit(session, Role.CASHIER, Permission.OFFERS_ACTIVATE, percent_bp=5_00)
    session.commit()
    return {
        "customer": {"number": "100001"},
        "lines": [{"sku": MILK, "quantity": "3"}],
        "activations": [{"offer": "SORRY"}],
        "receipt_no": "A-1",
        "payments": [{"means": "points", "points": 200}, {"means": "card", "amount_minor": 17_00}],
    }


def test_a_sale_that_meets_two_limits_goes_on_with_both_approvals(client: TestClient, session: Session, till: Till):
    body = a_goodwill_and_points(till, session)
    first = write(client, till, "/purchases", body)
    assert first.json()["approval"]["action"] == "points.redeem"
    points = approve(client, till, first)
    second = write(client, till, "/purchases", body, approval=points)
    assert second.json()["approval"]["action"] == "offers.activate"
    discount = approve(client, till, second)
    for tokens in (discount, f"{discount},{discount}", f"{points}, nothing"):
        assert write(client, till, "/purchases", body, approval=tokens).json()["code"] == "approval-required"
    assert session.scalars(sa.select(Approval).where(Approval.used_at.is_not(None))).all() == []
    sold = write(client, till, "/purchases", body, approval=f"{points}, {discount}")
    assert sold.status_code == 201, sold.text
    assert len(session.scalars(sa.select(Approval).where(Approval.used_at.is_not(None))).all()) == 2


def test_a_page_about_an_approval_offers_no_button_that_sends_nothing(client: TestClient, till: Till):
    refused = buy(client, till, 200, receipt="A-1")
    waits = write(client, till, "/approvals", refused.json()["approval"] | {"later": True}).json()
    page = client.get(f"/approvals/{waits['id']}", headers=till.headers | {"Accept": "text/html"}).text
    assert "It stands on the screen of those who may approve it" in page
    assert "Try now" not in page
    by_itself = client.get(f"/approvals/{waits['id']}", headers=till.headers | {"HX-Request": "true"}).text
    assert "Try now" in by_itself, "that is the part of the dialog, whose form goes on"
