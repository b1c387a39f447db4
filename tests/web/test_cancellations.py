# REQ O-02 T-03: a sale that is cancelled never was: its offers can be used again
import itertools
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.jobs.verify import wrong_rows
from erp_club.people.merging.commands import merge_customers
from erp_club.people.merging.undoing.commands import undo_merge
from erp_club.permissions.actors import SYSTEM
from erp_club.promotions.listing.queries import given
from erp_club.promotions.models import OfferDayUses, OfferMemberUses, OfferUses
from tests.make.clubs import a_customer
from tests.make.offers import NOW, TODAY, a_published_offer
from tests.make.purchases import Till, a_product, a_till

MILK = "7290000000017"
keys = (f"cancel-{number}" for number in itertools.count())


def post(client: TestClient, till: Till, url: str, body: object) -> Response:
    return client.post(url, json=body, headers=till.headers | {"Idempotency-Key": next(keys)})


def buy(client: TestClient, till: Till, paid_minor: int, **changes: Any) -> Response:
    body = {
        "receipt_no": f"C-{next(keys)}",
        "customer": {"number": "100001"},
        "lines": [{"sku": MILK, "quantity": "1"}],
        "payments": [{"means": "card", "amount_minor": paid_minor}],
    }
    return post(client, till, "/purchases", body | changes)


@pytest.fixture
def till(session: Session) -> Till:
    made = a_till(session)
    a_product(session, MILK, price_minor=10_00)
    a_customer(session, "100001")
    session.commit()
    return made


def counted(session: Session) -> tuple[list[Any], ...]:
    """What the counters say: in all, by day, by member."""
    session.expire_all()
    asked = (
        sa.select(OfferUses.uses, OfferUses.given_minor),
        sa.select(OfferDayUses.uses, OfferDayUses.baskets, OfferDayUses.given_minor),
        sa.select(OfferMemberUses.uses).order_by(OfferMemberUses.customer_id),
    )
    return tuple([tuple(row) for row in session.execute(each)] for each in asked)


@pytest.mark.parametrize("limit", [{"per_member": 1}, {"uses": 1}, {"uses_per_day": 1}, {"budget_minor": 1_00}])
def test_an_offer_can_be_used_again_after_its_sale_was_cancelled(
    client: TestClient, session: Session, till: Till, limit: dict[str, int]
) -> None:
    offer_id = a_published_offer(session, limits=limit)
    session.commit()
    bought = buy(client, till, 9_00).json()
    assert counted(session) == ([(1, 1_00)], [(1, 1, 1_00)], [(1,)])
    assert buy(client, till, 9_00).json()["code"] == "payments-differ", "it is used up"
    url = f"/purchases/{bought['id']}/cancellations"
    assert post(client, till, url, {"preview": True}).status_code == 200
    assert counted(session) == ([(1, 1_00)], [(1, 1, 1_00)], [(1,)]), "a preview gives nothing back"
    assert post(client, till, url, {}).status_code == 201
    assert counted(session) == ([(0, 0)], [(0, 0, 0)], [(0,)])
    none = given(session, offer_id)
    assert (none.uses, none.baskets, none.members, none.given_minor, none.days, none.stores) == (0, 0, 0, 0, [], [])
    assert not wrong_rows(session)
    assert post(client, till, url, {}).json()["code"] == "nothing-to-return"
    assert buy(client, till, 9_00).status_code == 201
    assert counted(session) == ([(1, 1_00)], [(1, 1, 1_00)], [(1,)])
    assert not wrong_rows(session)


def test_goods_that_are_returned_give_no_use_back(client: TestClient, session: Session, till: Till) -> None:
    a_published_offer(session, limits={"per_member": 1})
    session.commit()
    bought = buy(client, till, 9_00).json()
    assert post(client, till, f"/purchases/{bought['id']}/returns", {}).status_code == 201
    assert counted(session) == ([(1, 1_00)], [(1, 1, 1_00)], [(1,)])
    assert buy(client, till, 9_00).json()["code"] == "payments-differ"
    assert not wrong_rows(session)


def test_a_use_of_somebody_merged_comes_back_to_whom_they_became(
    client: TestClient, session: Session, till: Till
) -> None:
    a_published_offer(session, limits={"per_member": 2})
    other = a_customer(session, "100002", given_name="Dan")
    session.commit()
    first, _ = buy(client, till, 9_00).json(), buy(client, till, 9_00, customer={"number": "100002"})
    yael = session.scalar(sa.text("SELECT id FROM customers WHERE number = '100001'"))
    assert yael is not None
    merge_id = merge_customers(session, other, yael, take=(), today=TODAY, now=NOW, by=SYSTEM)
    session.commit()
    assert counted(session)[2] == [(1,), (2,)]
    assert post(client, till, f"/purchases/{first['id']}/cancellations", {}).status_code == 201
    assert counted(session)[2] == [(0,), (1,)]
    undo_merge(session, merge_id, today=TODAY, now=NOW, by=SYSTEM)
    assert counted(session)[2] == [(0,), (1,)]
    assert not wrong_rows(session)
