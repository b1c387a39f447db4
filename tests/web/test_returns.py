# REQ P-08 T-03 T-06: goods come back over HTTP, at any till, shown before they are booked
import datetime as dt
import itertools
import json
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.clubs.breaks.commands import end_membership, restore_membership
from erp_club.clubs.models import Membership
from erp_club.jobs.verify import wrong_rows
from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.errors import Conflict
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Role
from erp_club.points.models import PointsAccount, PointsMovement
from erp_club.promotions.coupons.batches.commands import set_coupon_state
from erp_club.promotions.coupons.kinds import CouponState
from erp_club.promotions.coupons.models import Coupon
from erp_club.receipts.models import Receipt
from tests.make.clubs import a_club, a_customer, a_membership
from tests.make.coupons import a_batch, some_coupons
from tests.make.offers import a_published_offer
from tests.make.organisation import PASSWORD, somebody
from tests.make.purchases import Till, a_product, a_till, another_till

MILK, BREAD = "7290000000017", "7290000000024"
BROWSER = {"Accept": "text/html", "Origin": "http://testserver"}
keys = (f"key-{number}" for number in itertools.count())


@pytest.fixture
def till(session: Session) -> Till:
    made = a_till(session)
    a_product(session, MILK, price_minor=10_04)
    a_product(session, BREAD, price_minor=5_50, name="Bread")
    session.commit()
    return made


def member(session: Session, *, club_rate: int = 100) -> int:
    customer_id = a_customer(session, "100001")
    a_membership(session, customer_id, a_club(session), joined_on=dt.date(2020, 1, 1))
    session.execute(sa.text("UPDATE membership_periods SET validity = daterange('2020-01-01', NULL)"))
    session.execute(sa.text("UPDATE clubs SET earn_per_minor = :rate"), {"rate": club_rate})
    session.commit()
    return customer_id


def post(client: TestClient, till: Till, url: str, body: object, *, key: str | None = None) -> Response:
    return client.post(url, json=body, headers=till.headers | {"Idempotency-Key": key or next(keys)})


def a_purchase(client: TestClient, till: Till, **changes: Any) -> int:
    """Three cartons of milk and half a loaf: 32.87."""
    lines = [{"sku": MILK, "quantity": "3"}, {"sku": BREAD, "quantity": "0.500"}]
    body = {
        "receipt_no": f"1-{next(keys)}",
        "lines": lines,
        "payments": [{"means": "card", "amount_minor": 32_87}],
    } | changes
    answer = post(client, till, "/purchases", body)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def balance(session: Session) -> int:
    session.expire_all()
    return session.scalar(sa.select(sa.func.sum(PointsAccount.balance))) or 0


def test_a_preview_tells_what_a_return_does_and_writes_nothing(
    client: TestClient, session: Session, till: Till
) -> None:
    member(session)
    bought = a_purchase(client, till, customer={"number": "100001"})
    assert balance(session) == 32
    before = session.scalar(sa.select(sa.func.count()).select_from(Receipt))
    wish = {"lines": [{"line_no": 1, "quantity": "1"}]}
    shown = post(client, till, f"/purchases/{bought}/returns", wish | {"preview": True})
    assert shown.status_code == 200, shown.text
    assert (shown.json()["id"], shown.json()["preview"]) == (None, True)
    assert session.scalar(sa.select(sa.func.count()).select_from(Receipt)) == before
    assert balance(session) == 32
    booked = post(client, till, f"/purchases/{bought}/returns", wish)
    assert booked.status_code == 201, booked.text
    told = booked.json()
    assert {k: v for k, v in told.items() if k not in {"id", "preview", "receipt_no"}} == {
        k: v for k, v in shown.json().items() if k not in {"id", "preview", "receipt_no"}
    }
    assert (told["total_minor"], told["refunds"]) == (10_04, [{"means": "card", "amount_minor": 10_04}])
    # 32.87 earned 32; the 22.83 that stay would have earned 22.
    assert [(each["taken_back"], each["missing"], each["balance"]) for each in told["points"]] == [(10, 0, 22)]
    assert balance(session) == 22
    slip = client.get(f"/purchases/{told['id']}/slip", headers=till.headers).json()
    assert [(each["points"], each["balance"]) for each in slip["earned"]] == [(-10, 22)]


def test_the_return_is_a_receipt_of_its_own_and_the_sale_stays(
    client: TestClient, session: Session, till: Till
) -> None:
    bought = a_purchase(client, till)
    told = post(client, till, f"/purchases/{bought}/returns", {"receipt_no": "R-1"})
    assert told.headers["location"] == f"/purchases/{told.json()['id']}"
    back = client.get(f"/purchases/{told.json()['id']}", headers=till.headers).json()
    assert (back["receipt_no"], back["total_minor"]) == ("R-1", -32_87)
    assert [(line["quantity"], line["amount_minor"]) for line in back["lines"]] == [("-3", -30_12), ("-0.5", -2_75)]
    sale = client.get(f"/purchases/{bought}", headers=till.headers).json()
    assert [line["amount_minor"] for line in sale["lines"]] == [30_12, 2_75]
    assert [line["returned"] for line in sale["lines"]] == ["3", "0.5"]
    assert [(each["id"], each["total_minor"]) for each in sale["returns"]] == [(told.json()["id"], -32_87)]
    assert back["return_of"] == {"id": bought, "receipt_no": sale["receipt_no"], "kind": "return"}
    lines = zip(sale["lines"], back["lines"], strict=True)
    assert all(sold["tax_minor"] + returned["tax_minor"] == 0 for sold, returned in lines)
    assert session.scalar(sa.select(AuditEntry.entity_id).where(AuditEntry.action == "sales.return")) == str(bought)


def test_returning_unit_by_unit_at_two_stores_comes_to_the_whole(
    client: TestClient, session: Session, till: Till
) -> None:
    member(session, club_rate=10_00)
    bought = a_purchase(client, till, customer={"number": "100001"})
    other = another_till(session, store_code="375", username="other")
    session.commit()
    total, points = 0, 0
    for place, line, quantity in (
        (till, 1, "1"),
        (other, 2, "0.25"),
        (other, 1, "1"),
        (till, 2, "0.25"),
        (till, 1, "1"),
    ):
        wish = {"lines": [{"line_no": line, "quantity": quantity}]}
        told = post(client, place, f"/purchases/{bought}/returns", wish)
        assert told.status_code == 201, told.text
        total += told.json()["total_minor"]
        points += sum(each["taken_back"] for each in told.json()["points"])
    assert (total, points, balance(session)) == (32_87, 3, 0)
    gone = post(client, till, f"/purchases/{bought}/returns", {})
    assert (gone.status_code, gone.json()["code"]) == (409, "nothing-to-return")


def test_cash_goes_back_in_coins_and_as_much_as_came(client: TestClient, till: Till) -> None:
    bought = a_purchase(client, till, payments=[{"means": "cash", "amount_minor": 32_90}])
    first = post(client, till, f"/purchases/{bought}/returns", {"lines": [{"line_no": 2, "quantity": "0.5"}]}).json()
    second = post(client, till, f"/purchases/{bought}/returns", {}).json()
    assert (first["total_minor"], first["rounding_minor"], first["paid_back_minor"]) == (2_75, 5, 2_80)
    assert (second["total_minor"], second["rounding_minor"], second["paid_back_minor"]) == (30_12, -2, 30_10)


def test_points_that_were_spent_become_a_debt(client: TestClient, session: Session, till: Till) -> None:
    member(session)
    bought = a_purchase(client, till, customer={"number": "100001"})
    spend(session, 30)
    told = post(client, till, f"/purchases/{bought}/returns", {}).json()
    only = told["points"][0]
    assert (only["taken_back"], only["missing"], only["owed"], only["rule"]) == (32, 30, 30, "debt")
    assert (told["paid_back_minor"], balance(session)) == (32_87, -30)


def test_points_that_were_spent_are_deducted_where_the_club_says_so(
    client: TestClient, session: Session, till: Till
) -> None:
    member(session)
    rule(session, "deduct")
    session.execute(sa.text("UPDATE clubs SET worth_points = 1, worth_minor = 10"))
    session.commit()
    bought = a_purchase(client, till, customer={"number": "100001"})
    spend(session, 30)
    told = post(client, till, f"/purchases/{bought}/returns", {}).json()
    only = told["points"][0]
    assert (only["taken_back"], only["paid"], only["deducted_minor"], only["owed"]) == (2, 30, 3_00, 0)
    assert (told["total_minor"], told["paid_back_minor"], balance(session)) == (32_87, 29_87, 0)


@pytest.mark.parametrize(("clawback", "worth"), [("debt", 0), ("deduct", 10), ("write_off", 0)])
def test_what_is_returned_after_an_ending_settles_as_if_it_had_been_returned_before(
    client: TestClient, session: Session, till: Till, clawback: str, worth: int
) -> None:
    customer = member(session)
    rule(session, clawback)
    session.execute(sa.text("UPDATE clubs SET worth_points = 1, worth_minor = :worth"), {"worth": worth})
    bought = a_purchase(client, till, customer={"number": "100001"})
    spend(session, 12)
    (membership,) = session.scalars(sa.select(Membership.id).where(Membership.customer_id == customer))
    now = dt.datetime.now(dt.UTC)
    day = {"today": now.date(), "now": now, "by": SYSTEM}
    end_membership(session, membership, on=now.date(), points_lost=20, reason="", **day)
    session.commit()
    milk = {"lines": [{"line_no": 1, "quantity": "1"}]}
    told = post(client, till, f"/purchases/{bought}/returns", milk).json()
    only = told["points"][0]
    assert (only["taken_back"], only["missing"], told["deducted_minor"]) == (10, 0, 0)
    assert (told["paid_back_minor"], balance(session)) == (10_04, 0)
    # Undone, the ending gives back the rest: 32 earned, 12 used, 10 gone with the milk.
    restore_membership(session, membership, **day)
    session.commit()
    assert balance(session) == 10
    end_membership(session, membership, on=now.date(), points_lost=10, reason="", **day)
    session.commit()
    told = post(client, till, f"/purchases/{bought}/returns", {}).json()
    # Of 22 that are left of the sale, 12 were used: these are missing, and only these.
    assert (told["points"][0]["taken_back"], told["points"][0]["missing"]) == (22 if clawback != "deduct" else 10, 12)
    assert told["deducted_minor"] == 12 * worth
    assert balance(session) == (0 if clawback == "deduct" else -12)
    assert wrong_rows(session) == []


def test_only_who_may_writes_points_off(client: TestClient, session: Session, till: Till) -> None:
    member(session)
    rule(session, "write_off")
    bought = a_purchase(client, till, customer={"number": "100001"})
    spend(session, 30)
    wish = {"preview": True, "write_off": True}
    assert post(client, till, f"/purchases/{bought}/returns", wish).json()["points"][0]["owed"] == 30
    manager = another_till(session, store_code="376", username="boss")
    session.execute(sa.text("UPDATE staff SET role = 'manager' WHERE username = 'boss'"))
    session.commit()
    told = post(client, manager, f"/purchases/{bought}/returns", {"write_off": True}).json()
    assert (told["points"][0]["written_off"], told["points"][0]["owed"], balance(session)) == (30, 0, 0)


def spend(session: Session, points: int) -> None:
    """The member uses points elsewhere."""
    from erp_club.permissions.actors import SYSTEM
    from erp_club.points.commands import redeem_points
    from erp_club.points.kinds import MovementKind
    from erp_club.points.ledger.commands import Account, Cause

    holder, account = session.execute(sa.select(PointsAccount.customer_id, PointsAccount.id)).one()
    now = dt.datetime.now(dt.UTC)
    redeem_points(
        session, Account(account, holder), points, cause=Cause(MovementKind.REDEEMED, now.date(), now, SYSTEM)
    )
    session.commit()


def rule(session: Session, clawback: str) -> None:
    """The club says what becomes of points that are spent."""
    session.execute(
        sa.text(
            "INSERT INTO club_rules (club_id, version_no, effective_from, document, at)"
            " SELECT id, 9, '2020-01-01', CAST(:said AS jsonb), now() FROM clubs"
        ),
        {"said": json.dumps({"returns": {"clawback": clawback}})},
    )
    session.commit()


def test_a_sale_of_today_is_cancelled_as_a_whole_in_its_store(client: TestClient, session: Session, till: Till) -> None:
    member(session)
    bought = a_purchase(client, till, customer={"number": "100001"})
    other = another_till(session, store_code="375", username="other")
    session.commit()
    late = post(client, other, f"/purchases/{bought}/cancellations", {})
    assert (late.status_code, late.json()["code"]) == (409, "cancellation-late")
    # Not by saying that it was done back then, nor before anything was sold.
    ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=3)
    old = a_purchase(client, till, receipt_no="OLD", sold_at=ago.isoformat())
    back = post(client, till, f"/purchases/{old}/cancellations", {"returned_at": ago.isoformat()})
    assert (back.status_code, back.json()["code"]) == (409, "cancellation-late")
    early = post(client, till, f"/purchases/{bought}/returns", {"returned_at": ago.isoformat()})
    assert [each["field"] for each in early.json()["errors"]] == ["returned_at"]
    told = post(client, till, f"/purchases/{bought}/cancellations", {"reason": "Wrong customer"})
    assert (told.status_code, told.json()["kind"], told.json()["total_minor"]) == (201, "cancellation", 32_87)
    assert balance(session) == 0
    again = post(client, till, f"/purchases/{bought}/cancellations", {})
    assert (again.status_code, again.json()["code"]) == (409, "nothing-to-return")


def test_a_sale_of_which_something_came_back_is_not_cancelled(client: TestClient, till: Till) -> None:
    bought = a_purchase(client, till)
    post(client, till, f"/purchases/{bought}/returns", {"lines": [{"line_no": 1, "quantity": "1"}]})
    answer = post(client, till, f"/purchases/{bought}/cancellations", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "already-returned")


def test_a_return_is_not_returned(client: TestClient, till: Till) -> None:
    back = post(client, till, f"/purchases/{a_purchase(client, till)}/returns", {}).json()["id"]
    answer = post(client, till, f"/purchases/{back}/returns", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "is-a-return")


def test_the_same_return_again_is_answered_alike_and_done_once(
    client: TestClient, session: Session, till: Till
) -> None:
    bought = a_purchase(client, till)
    wish = {"lines": [{"line_no": 1, "quantity": "1"}]}
    first = post(client, till, f"/purchases/{bought}/returns", wish, key="same")
    again = post(client, till, f"/purchases/{bought}/returns", wish, key="same")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert session.scalar(sa.select(sa.func.count()).select_from(Receipt)) == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"lines": [{"line_no": 1, "quantity": "4"}]}, "lines[0].quantity"),
        ({"lines": [{"line_no": 9, "quantity": "1"}]}, "lines[0].line_no"),
        ({"lines": [{"line_no": 1, "quantity": "-1"}]}, "lines[0].quantity"),
        ({"lines": [{"line_no": 0, "quantity": "1"}]}, "lines[0].line_no"),
        ({"lines": []}, "lines"),
        ({"means": "cheque"}, "means"),
        ({"receipt_no": "1 2"}, "receipt_no"),
        ({"returned_at": "2999-01-01T00:00:00+00:00"}, "sold_at"),
        ({"reason": "\x00"}, "reason"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_beside_its_field(
    client: TestClient, till: Till, body: dict[str, Any], field: str
) -> None:
    answer = post(client, till, f"/purchases/{a_purchase(client, till)}/returns", body)
    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == [field]


def test_an_unknown_receipt_is_told(client: TestClient, till: Till) -> None:
    assert post(client, till, "/purchases/999999/returns", {}).json()["code"] == "receipt-unknown"


def test_a_coupon_comes_back_with_the_last_of_the_goods_where_its_batch_says_so(
    client: TestClient, session: Session, till: Till
) -> None:
    for batch in ("WINTER", "SUMMER"):
        a_batch(session, batch, back_on_return=batch == "WINTER")
        reward = {"kind": "amount", "value_minor": 100}
        started = {"by": "coupon", "batch": batch}
        a_published_offer(session, batch, rewards=[reward], activation=started, combination={"mode": "stackable"})
    codes = [some_coupons(session, code=batch)[0] for batch in ("WINTER", "SUMMER")]
    a_batch(session, "NEXT")
    rewards = [{"kind": "coupon", "batch": "NEXT"}]
    a_published_offer(session, "NEXT", rewards=rewards, combination={"mode": "stackable"})
    session.commit()
    payments = [{"means": "card", "amount_minor": 30_87}]
    bought = a_purchase(client, till, coupons=codes, payments=payments)
    first = post(client, till, f"/purchases/{bought}/returns", {"lines": [{"line_no": 1, "quantity": "3"}]}).json()
    assert ([each["given_back"] for each in first["coupons"]], first["issued"]) == ([False, False], [])
    (issued,) = client.get(f"/purchases/{bought}", headers=till.headers).json()["coupons"]
    state = sa.select(Coupon.state).where(Coupon.code == issued)
    assert session.scalar(state) == CouponState.ACTIVE
    second = post(client, till, f"/purchases/{bought}/returns", {}).json()
    assert {each["code"]: each["given_back"] for each in second["coupons"]} == dict(
        zip(codes, (True, False), strict=True)
    )
    assert first["total_minor"] + second["total_minor"] == 30_87
    # What came with the sale for the next purchase goes with the last of it.
    assert [(each["code"], each["blocked"]) for each in second["issued"]] == [(issued, True)]
    assert session.scalar(state) == CouponState.TAKEN_BACK
    coupon_id = session.execute(sa.select(Coupon.id).where(Coupon.code == issued)).scalar_one()
    with pytest.raises(Conflict, match="taken back"):  # nor does head office bring it back by hand
        set_coupon_state(session, coupon_id, CouponState.ACTIVE, now=dt.datetime.now(dt.UTC), by=SYSTEM)
    again = client.post(
        "/quotes",
        json={"lines": [{"sku": MILK, "quantity": "1"}], "coupons": codes, "sale_id": "s9"},
        headers=till.headers,
    ).json()
    assert again["discount_minor"] == 1_00


def test_goods_without_a_receipt_earn_and_take_nothing(client: TestClient, session: Session, till: Till) -> None:
    wish = {"lines": [{"sku": MILK, "quantity": "2", "amount_minor": 15_00}], "reason": "A present"}
    assert post(client, till, "/returns", wish).status_code == 403
    session.execute(sa.text("UPDATE staff SET role = 'manager'"))
    session.commit()
    told = post(client, till, "/returns", wish)
    assert told.status_code == 201, told.text
    assert (told.json()["total_minor"], told.json()["refunds"]) == (15_00, [{"means": "cash", "amount_minor": 15_00}])
    dear = post(client, till, "/returns", wish | {"lines": [{"sku": MILK, "quantity": "1", "amount_minor": 10_05}]})
    assert dear.json()["errors"][0]["field"] == "lines[0].amount_minor"
    assert session.scalar(sa.select(sa.func.count()).select_from(PointsMovement)) == 0


def test_head_office_returns_from_the_page_of_the_receipt(client: TestClient, session: Session, till: Till) -> None:
    bought = a_purchase(client, till)
    somebody(session, Role.HQ, username="hq")
    session.commit()
    client.post("/sign-in", data={"username": "hq", "password": PASSWORD})
    page = client.get(f"/purchases/{bought}/returns/new", headers=BROWSER)
    assert page.status_code == 200
    form = {"lines[0].line_no": "1", "lines[0].quantity": "2", "idempotency_key": "a", "preview": "true"}
    shown = client.post(f"/purchases/{bought}/returns", data=form, headers=BROWSER)
    assert shown.status_code == 200
    assert "20.08" in shown.text
    del form["preview"]
    done = client.post(
        f"/purchases/{bought}/returns", data=form | {"idempotency_key": "b", "expected_total_minor": "2008"},
        headers=BROWSER,
    )  # fmt: skip
    assert done.status_code == 303
    assert "R" in client.get(done.headers["location"], headers={"Accept": "application/json"}).json()["receipt_no"]
    too_many = client.post(f"/purchases/{bought}/returns", data=form | {"idempotency_key": "c"}, headers=BROWSER)
    assert too_many.status_code == 422
    assert "Less of this item is left to return." in too_many.text
