# REQ P-08 V-01 T-06: returns in parts come to what one would, by each means, whatever the club does with spent points
import datetime as dt
import itertools
import json
import os
import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.jobs.verify import wrong_rows
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Role
from erp_club.points.commands import redeem_points
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Account, Cause
from erp_club.points.models import PointsAccount
from erp_club.stored_value.models import ValueCard
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.offers import a_published_offer, points_that_pay
from tests.make.purchases import Till, a_product, a_till, another_till
from tests.make.stored_value import a_gift_card, a_kind
from tests.web.test_returns_in_parts import post

SKUS = {"7290000000017": 10_04, "7290000000024": 5_50, "7290000000031": 33_33, "7290000000048": 7}
SEEDS = range(int(os.environ.get("ERP_CLUB_RETURNS", "6")))
numbers = itertools.count(1)


@dataclass
class Twin:
    """A member who buys and pays as the other one does."""

    number: str
    card: str
    customer: int

    def standing(self, session: Session) -> tuple[list[tuple[int, int]], int]:
        """Balance and debt of each account, and what lies on the card."""
        session.expire_all()
        accounts = sa.select(PointsAccount.balance, PointsAccount.debt).where(
            PointsAccount.customer_id == self.customer
        )
        rows = session.execute(accounts.order_by(PointsAccount.id)).all()
        card = sa.select(ValueCard.balance_minor).where(ValueCard.number == self.card)
        return [(row.balance, row.debt) for row in rows], session.scalars(card).one()


def twins(session: Session, clawback: str, worth: tuple[int, int]) -> tuple[list[Till], list[Twin]]:
    """Two tills, and two members of two clubs, in which points are worth so much."""
    made = [
        a_till(session, role=Role.MANAGER),
        another_till(session, store_code="375", username="other", role=Role.MANAGER),
    ]
    for sku, price in SKUS.items():
        a_product(session, sku, price_minor=price)
    clubs = [a_club(session, code) for code in ("GOLD", "SILVER")]
    for club_id, rate in zip(clubs, (1_00, 30), strict=True):
        told = {"rate": rate, "id": club_id, "points": worth[0], "minor": worth[1]}
        session.execute(
            sa.text(
                "UPDATE clubs SET earn_per_minor = :rate, worth_points = :points, worth_minor = :minor WHERE id = :id"
            ),
            told,
        )
    document = json.dumps({"returns": {"clawback": clawback}})
    session.execute(
        sa.text(
            "INSERT INTO club_rules (club_id, version_no, effective_from, document, at)"
            " SELECT id, 9, '2020-01-01', CAST(:said AS jsonb), now() FROM clubs"
        ),
        {"said": document},
    )
    both: list[Twin] = []
    kind = a_kind(session)
    for number in ("100001", "100002"):
        customer = a_customer(session, number)
        for club_id in clubs:
            moved(session, customer, a_membership(session, customer, club_id).points_account_id, 300)
        both.append(Twin(number, a_gift_card(session, 15_00, kind_id=kind).number, customer))
    a_published_offer(session, "TENTH", combination={"mode": "stackable"})
    points_that_pay(session)
    session.commit()
    return made, both


def spend(session: Session, twin: Twin, kept: int) -> None:
    """The member uses all points but these elsewhere."""
    now = dt.datetime.now(dt.UTC)
    cause = Cause(MovementKind.REDEEMED, now.date(), now, SYSTEM)
    rows = sa.select(PointsAccount.id, PointsAccount.balance).where(PointsAccount.customer_id == twin.customer)
    for account, balance in session.execute(rows).all():
        redeem_points(session, Account(account, twin.customer), balance - kept, cause=cause)
    session.commit()


def parts(bought: dict[int, Decimal], chance: random.Random) -> list[list[dict[str, str | int]]]:
    left, made = dict(bought), list[list[dict[str, str | int]]]()
    while left:
        lines = chance.sample(sorted(left), chance.randint(1, len(left)))
        wish = {line_no: min(left[line_no], Decimal(chance.choice(["1", "1", "2", "0.5"]))) for line_no in lines}
        made.append([{"line_no": line_no, "quantity": str(part)} for line_no, part in wish.items()])
        left = {no: left[no] - wish.get(no, Decimal(0)) for no in left if left[no] > wish.get(no, 0)}
    return made


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("worth", [(3, 10), (1, 20), (100, 1)])
@pytest.mark.parametrize("clawback", ["debt", "deduct", "write_off"])
def test_returning_in_parts_comes_to_what_returning_at_once_would(
    client: TestClient, session: Session, clawback: str, worth: tuple[int, int], seed: int
) -> None:
    tills, both = twins(session, clawback, worth)
    chance = random.Random(f"{clawback} {worth} {seed}")
    bought = {sku: Decimal(chance.randint(1, 5)) for sku in chance.sample(list(SKUS), chance.randint(1, 4))}
    used, kept = chance.choice([0, 20]), chance.choice([0, 0, 3])
    ways = [[[]], parts(dict(enumerate(bought.values(), 1)), chance)]
    told = [
        comes_to(client, session, tills, twin, bought, used, kept, way) for twin, way in zip(both, ways, strict=True)
    ]
    assert told[0] == told[1]
    assert wrong_rows(session) == []


def test_what_one_part_forgives_is_taken_from_the_points_that_the_next_one_gives_back(
    client: TestClient, session: Session
) -> None:
    # Of two at 5.50, paid with 9 points, one alone earned more than it gives back.
    tills, both = twins(session, "write_off", (3, 10))
    ways: list[list[list[dict[str, Any]]]] = [[[]], [[{"line_no": 1, "quantity": "1"}]] * 2]
    told = [
        comes_to(client, session, tills, twin, {"7290000000024": Decimal(2)}, 9, 0, way)
        for twin, way in zip(both, ways, strict=True)
    ]
    assert told[0] == told[1]
    assert session.scalar(sa.text("SELECT min(written_off) FROM receipt_return_points")) == -1
    assert wrong_rows(session) == []


@pytest.mark.parametrize("seed", range(2))
def test_clubs_whose_points_are_worth_more_than_the_goods_take_the_refund_and_no_more(
    client: TestClient, session: Session, seed: int
) -> None:
    # Of what is paid GOLD gives 60 % in points, and SILVER twice as much: the first takes all of its part.
    tills, both = twins(session, "deduct", (1, 60))
    chance = random.Random(seed)
    bought = {sku: Decimal(chance.randint(1, 4)) for sku in chance.sample(list(SKUS)[:3], 3)}
    ways = [[[]], parts(dict(enumerate(bought.values(), 1)), chance)]
    sums, rounding, deducted, standings = zip(
        *(comes_to(client, session, tills, twin, bought, 0, 0, way) for twin, way in zip(both, ways, strict=True)),
        strict=True,
    )
    assert sums == ({}, {})
    assert (rounding[0], deducted[0]) == (rounding[1], deducted[1])
    owed = [[debt for _, debt in accounts] for accounts, _ in standings]
    assert [gold for gold, _ in owed] == [0, 0]
    assert all(silver > 0 for _, silver in owed), owed
    assert abs(owed[0][1] - owed[1][1]) <= len(ways[1]), owed
    assert wrong_rows(session) == []


def comes_to(
    client: TestClient, session: Session, tills: list[Till], twin: Twin, bought: dict[str, Decimal], used: int,
    kept: int, way: list[list[dict[str, Any]]],
) -> tuple[dict[str, int], int, int, tuple[list[tuple[int, int]], int]]:  # fmt: skip
    """What goes back by each means, its rounding, what is deducted, and how the accounts and the card stand then."""
    basket: dict[str, Any] = {
        "customer": {"number": twin.number},
        "lines": [{"sku": sku, "quantity": str(quantity)} for sku, quantity in bought.items()],
    }
    if used:
        basket["activations"] = [{"offer": "PAY", "points": used}]
    total = post(client, tills[0], "/quotes", basket | {"sale_id": f"S-{next(numbers)}"}).json()["total_minor"]
    by_gift = min(total, 15_00)
    by_bank = (total - by_gift) // 2
    by_cash = (total - by_gift - by_bank + 5) // 10 * 10
    payments: list[dict[str, Any]] = [
        {"means": "stored_value", "card": twin.card, "amount_minor": by_gift},
        {"means": "card", "amount_minor": by_bank},
        {"means": "cash", "amount_minor": by_cash},
    ]
    paying = {"receipt_no": f"A-{next(numbers)}", "payments": [each for each in payments if each["amount_minor"]]}
    sold = post(client, tills[0], "/purchases", basket | paying)
    assert sold.status_code == 201, sold.text
    spend(session, twin, kept)
    sums: dict[str, int] = {}
    rounding = deducted = 0
    for place, lines in enumerate(way):
        wish: dict[str, Any] = {"write_off": True} | ({"lines": lines} if lines else {})
        back = post(client, tills[place % 2], f"/purchases/{sold.json()['id']}/returns", wish)
        assert back.status_code == 201, back.text
        rounding, deducted = rounding + back.json()["rounding_minor"], deducted + back.json()["deducted_minor"]
        for each in back.json()["refunds"]:
            sums[each["means"]] = sums.get(each["means"], 0) + each["amount_minor"]
    assert sum(sums.values()) - rounding + deducted == total
    return {means: amount for means, amount in sums.items() if amount}, rounding, deducted, twin.standing(session)
