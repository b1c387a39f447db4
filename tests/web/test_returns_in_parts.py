# REQ P-08 V-01 T-06: however goods come back, in parts and at several tills, all that was paid and moved is as before
import itertools
import os
import random
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.jobs.verify import wrong_rows
from erp_club.points.models import PointsAccount
from erp_club.stored_value.models import ValueCard
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.offers import a_published_offer, points_that_pay
from tests.make.purchases import Till, a_product, a_till, another_till
from tests.make.stored_value import a_gift_card

SKUS = {"7290000000017": 10_04, "7290000000024": 5_50, "7290000000031": 33_33, "7290000000048": 7}
keys = (f"part-{number}" for number in itertools.count())


@pytest.fixture
def tills(session: Session) -> list[Till]:
    """Two tills, a member of two clubs with points in both, a tenth off everything, and points that pay."""
    made = a_till(session)
    tills = [made, another_till(session, store_code="375", username="other")]
    for sku, price in SKUS.items():
        a_product(session, sku, price_minor=price)
    customer = a_customer(session, "100001")
    for code, rate in (("GOLD", 1_00), ("SILVER", 3_00)):
        club_id = a_club(session, code)
        session.execute(
            sa.text("UPDATE clubs SET earn_per_minor = :rate WHERE id = :id"), {"rate": rate, "id": club_id}
        )
        moved(session, customer, a_membership(session, customer, club_id).points_account_id, 300)
    a_published_offer(session, "TENTH", combination={"mode": "stackable"})
    points_that_pay(session)
    session.commit()
    return tills


def post(client: TestClient, till: Till, url: str, body: dict[str, Any]) -> Response:
    return client.post(url, json=body, headers=till.headers | {"Idempotency-Key": next(keys)})


def standing(session: Session) -> tuple[list[tuple[int, int]], list[int]]:
    """Balance and debt of each account, and what lies on each card."""
    session.expire_all()
    accounts = session.execute(sa.select(PointsAccount.balance, PointsAccount.debt).order_by(PointsAccount.id))
    return [(row.balance, row.debt) for row in accounts], list(
        session.scalars(sa.select(ValueCard.balance_minor).order_by(ValueCard.id))
    )


def paid(told: list[dict[str, Any]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for each in told:
        sums[each["means"]] = sums.get(each["means"], 0) + each["amount_minor"]
    return {means: amount for means, amount in sums.items() if amount}


@pytest.mark.parametrize("seed", range(int(os.environ.get("ERP_CLUB_RETURNS", "8"))))
def test_returns_in_any_pattern_leave_nothing_behind(
    client: TestClient, session: Session, tills: list[Till], seed: int
) -> None:
    chance = random.Random(seed)
    card = a_gift_card(session, 15_00)
    session.commit()
    before = standing(session)
    bought = {sku: Decimal(chance.randint(1, 5)) for sku in chance.sample(list(SKUS), chance.randint(1, 4))}
    basket: dict[str, Any] = {
        "customer": {"number": "100001"},
        "lines": [{"sku": sku, "quantity": str(quantity)} for sku, quantity in bought.items()],
    }
    if seed % 2:
        basket["activations"] = [{"offer": "PAY", "points": 20}]
    quoted = post(client, tills[0], "/quotes", basket | {"sale_id": f"S-{seed}"}).json()
    by_card = min(quoted["total_minor"], 15_00) if seed % 3 else 0
    means = chance.choice(["cash", "card"])
    rest = quoted["total_minor"] - by_card
    rest = rest if means == "card" else (rest + 5) // 10 * 10
    payments = [{"means": "stored_value", "card": card.number, "amount_minor": by_card}] if by_card else []
    payments += [{"means": means, "amount_minor": rest}] if rest else []
    sold = post(client, tills[0], "/purchases", basket | {"receipt_no": f"A-{seed}", "payments": payments})
    assert sold.status_code == 201, sold.text
    assert quoted["total_minor"] < 1_00 or standing(session) != before
    left = dict(enumerate(bought.values(), 1))
    refunds: list[dict[str, Any]] = []
    while left:
        lines = chance.sample(sorted(left), chance.randint(1, len(left)))
        wish = {line_no: min(left[line_no], Decimal(chance.choice(["1", "1", "2", "0.5"]))) for line_no in lines}
        told = post(
            client,
            chance.choice(tills),
            f"/purchases/{sold.json()['id']}/returns",
            {"lines": [{"line_no": line_no, "quantity": str(part)} for line_no, part in wish.items()]},
        )
        assert told.status_code == 201, told.text
        refunds += told.json()["refunds"]
        left = {no: left[no] - wish.get(no, Decimal(0)) for no in left if left[no] > wish.get(no, 0)}
    assert paid(refunds) == paid(sold.json()["payments"])
    assert standing(session) == before
    assert wrong_rows(session) == []
