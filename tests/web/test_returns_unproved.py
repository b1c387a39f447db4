# REQ P-08 T-04: goods come back without a receipt, on a screen of the till, by permission or with an approval
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Permission, Role
from erp_club.points.models import PointsMovement
from erp_club.receipts.models import Receipt
from tests.make.organisation import somebody
from tests.make.purchases import Till
from tests.make.stored_value import a_kind, an_article
from tests.web.test_returns import BREAD, BROWSER, MILK, a_purchase, keys, till
from tests.web.test_till_approvals import approve, limit, write

__all__ = ["till"]


@pytest.fixture
def manager(client: TestClient, session: Session, till: Till) -> dict[str, str]:
    session.execute(sa.text("UPDATE staff SET role = 'manager'"))
    session.commit()
    return till.headers | BROWSER | {"HX-Request": "true"}


def send(client: TestClient, headers: dict[str, str], **fields: str) -> Response:
    named = {name.replace("line0_", "lines[0].").replace("line1_", "lines[1]."): each for name, each in fields.items()}
    return client.post("/returns", data=named, headers=headers | {"Idempotency-Key": next(keys)})


def test_the_screen_shows_what_goes_back_before_it_is_paid(
    client: TestClient, session: Session, manager: dict[str, str]
) -> None:
    assert "/returns/without-receipt" in client.get("/returns/new", headers=manager).text
    assert 'name="lines[0].sku"' in client.get("/returns/without-receipt", headers=manager).text
    rows = {"line0_sku": MILK, "line0_quantity": "2", "line0_amount": "", "line1_sku": "", "reason": "A present"}
    shown = send(client, manager, **rows, preview="true")
    assert shown.status_code == 200, shown.text
    assert "20.10" in shown.text  # 20.08, to the coin
    assert 'name="lines[1].sku"' in shown.text
    assert session.scalar(sa.select(sa.func.count()).select_from(Receipt)) == 0
    paid = send(client, manager, **rows | {"line0_amount": "15.00", "line1_sku": BREAD})
    assert 'id="slip-return"' in paid.text, paid.text
    assert session.scalar(sa.select(Receipt.total_minor)) == -(15_00 + 5_50)
    assert session.scalar(sa.select(sa.func.count()).select_from(PointsMovement)) == 0


def test_what_is_wrong_stands_beside_its_field(client: TestClient, session: Session, manager: dict[str, str]) -> None:
    unknown = send(client, manager, line0_sku="nothing", reason="A present")
    assert unknown.status_code == 422
    assert 'value="nothing"' in unknown.text
    dear = send(client, manager, line0_sku=MILK, line0_amount="10.05", reason="A present")
    assert (dear.status_code, "Without a receipt no more than today" in dear.text) == (422, True)
    a_kind(session, articles=(an_article(session),))
    session.commit()
    card = send(client, manager, line0_sku="GIFT-1", reason="A present")
    assert (card.status_code, "comes back with its receipt only" in card.text) == (422, True)
    assert send(client, manager, line0_sku="", reason="A present").status_code == 422
    assert send(client, manager, line0_sku=MILK, reason="").status_code == 422


def test_who_may_not_does_not_see_the_way_there(client: TestClient, session: Session, till: Till) -> None:
    headers = till.headers | BROWSER | {"HX-Request": "true"}
    a_purchase(client, till)
    assert "/returns/without-receipt" not in client.get("/returns/new", headers=headers).text
    assert client.get("/returns/without-receipt", headers=headers).status_code == 403


def test_above_the_cashiers_limit_a_manager_approves_it(client: TestClient, session: Session, till: Till) -> None:
    somebody(session, Role.MANAGER)
    limit(session, Role.CASHIER, Permission.SALES_RETURN_WITHOUT_RECEIPT, per_sale=10_00)
    session.commit()
    within = {"lines": [{"sku": MILK, "amount_minor": 10_00}], "reason": "A present"}
    assert write(client, till, "/returns", within).status_code == 201
    above = {"lines": [{"sku": MILK}], "reason": "A present"}
    assert write(client, till, "/returns", above | {"preview": True}).status_code == 200
    refused = write(client, till, "/returns", above)
    token = approve(client, till, refused)
    assert write(client, till, "/returns", above, approval=token).status_code == 201
    assert write(client, till, "/returns", above, approval=token).status_code == 403
    assert session.scalar(sa.select(sa.func.count()).select_from(Receipt)) == 2
