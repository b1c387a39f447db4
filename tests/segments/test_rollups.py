"""Rollups: what waits for them and what they hold is together always what the lines say.

REQ S-05 R-01
"""

import datetime as dt
import random
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.commands import ProductChanges, edit_product
from erp_club.clubs.models import Club
from erp_club.permissions.actors import SYSTEM
from erp_club.purchases.posting.commands import write_sale
from erp_club.purchases.segment_registry import REGISTRY
from erp_club.receipts.rollups.commands import roll, roll_all, verify
from erp_club.receipts.rollups.models import (
    CustomerDay,
    CustomerGroupDay,
    CustomerGroupYear,
    CustomerProductDay,
    CustomerSummary,
    ReceiptGoods,
    ReceiptToRoll,
)
from erp_club.segments import queries
from erp_club.segments.reading import read_condition
from tests.make.clubs import a_club, a_customer, a_membership
from tests.make.purchases import NOW, Till, a_line, a_product, a_sale, a_till, another_till

TODAY = NOW.date()


@pytest.fixture
def till(session: Session) -> Till:
    return a_till(session)


def sell(session: Session, till: Till, customer_id: int, product_id: int, number: str, minor: int = 10_00) -> None:
    sale = a_sale(till, a_line(product_id, minor), receipt_no=number, customer_id=customer_id)
    write_sale(session.connection(), sale, (), now=NOW, by=till.by)


def found(session: Session, where: object, as_of: dt.date = TODAY) -> list[str]:
    return list(queries.numbers(session, read_condition(where, REGISTRY), queries.facts(session, as_of)))


def spent(minor: int, **of: list[str]) -> dict[str, object]:
    return {"metric": "spend", "of": of, "op": "eq", "value": minor}


def test_a_sale_counts_at_once_and_again_when_it_is_rolled_up(session: Session, till: Till):
    customer_id = a_customer(session, "C1")
    product_id = a_product(session)
    sell(session, till, customer_id, product_id, "1")
    assert found(session, spent(10_00)) == ["C1"]
    assert roll(session) == 1
    assert found(session, spent(10_00)) == ["C1"]
    sell(session, till, customer_id, product_id, "2", 5_00)
    assert found(session, spent(15_00)) == ["C1"]
    assert roll_all(session) == 1
    assert found(session, spent(15_00)) == ["C1"]
    assert session.scalars(sa.select(CustomerSummary.purchases)).all() == [2]
    assert session.scalars(sa.select(CustomerDay.purchases)).all() == [2]
    assert verify(session) is None
    assert roll_all(session) == 0


def test_what_customers_like_best_moves_with_every_sale_and_return_of_two_years(session: Session, till: Till):
    """REQ R-02: of all, of clubs whose members come and go, and of each store."""
    chance = random.Random(8)
    tills = (till, another_till(session, store_code="406", username="other"))
    goods = [a_product(session, sku=f"P{number}") for number in range(4)]
    for number, product in enumerate(goods):
        changes = ProductChanges(group=f"G{number % 3}", department=f"D{number % 2}")
        edit_product(session, product, changes, now=NOW, by=SYSTEM)
    people = [a_customer(session, f"C{number}") for number in range(4)]
    for code, member, since in (("GOLD", 0, 300), ("GOLD", 1, 20), ("BLUE", 0, 40), ("BLUE", 2, 5)):
        club = session.scalar(sa.select(Club.id).where(Club.code == code)) or a_club(session, code=code)
        a_membership(session, people[member], club, joined_on=TODAY - dt.timedelta(days=since))
    for number in range(60):
        back = chance.random() < 0.2
        line = replace(
            a_line(chance.choice(goods), chance.choice((-1, 1)) * 500 if back else chance.randrange(1, 4) * 100),
            quantity_milli=-1_000 if back else 1_000,
        )
        sold_at = NOW - dt.timedelta(days=chance.choice((0, 1, 2, 30, 31, 200, 400)))
        where = chance.choice(tills)
        sale = a_sale(where, line, receipt_no=str(number), customer_id=chance.choice(people), sold_at=sold_at)
        write_sale(session.connection(), sale, (), now=NOW, by=where.by)
        if chance.random() < 0.3:
            roll(session, most=chance.randrange(1, 6))
            assert verify(session) is None
    roll_all(session)
    assert verify(session) is None


def test_a_sale_to_nobody_known_is_a_sum_of_its_store_and_no_customers_figure(session: Session, till: Till):
    sell(session, till, 0, a_product(session), "1")
    assert len(session.scalars(sa.select(ReceiptToRoll.receipt_id)).all()) == 1
    roll_all(session)
    day = session.execute(sa.select(CustomerDay.customer_id, CustomerDay.receipts, CustomerDay.spend_minor)).one()
    assert tuple(day) == (0, 1, 10_00)
    assert session.scalars(sa.select(CustomerSummary.customer_id)).all() == []
    assert verify(session) is None


def test_a_product_in_another_group_takes_its_purchases_along(session: Session, till: Till):
    customer_id = a_customer(session, "C1")
    product_id = a_product(session)
    for receipt_no, group in (("1", "MILK"), ("2", "DAIRY")):
        edit_product(session, product_id, ProductChanges(group=group), now=NOW, by=SYSTEM)
        sell(session, till, customer_id, product_id, receipt_no)
        if receipt_no == "1":
            roll_all(session)
    assert found(session, spent(20_00, group=["DAIRY"])) == ["C1"]
    assert found(session, spent(0, group=["MILK"])) == ["C1"]
    roll_all(session)
    assert found(session, spent(20_00, group=["DAIRY"])) == ["C1"]
    for table in (CustomerGroupDay, CustomerGroupYear):
        assert session.scalars(sa.select(table.spend_minor)).all() == [20_00]
    assert len(set(session.scalars(sa.select(ReceiptGoods.group_id)))) == 1
    assert verify(session) is None


_Proven = CustomerDay | CustomerGroupDay | CustomerGroupYear | CustomerProductDay | CustomerSummary | ReceiptGoods


@pytest.mark.parametrize(
    "table", [CustomerDay, CustomerGroupDay, CustomerGroupYear, CustomerProductDay, CustomerSummary, ReceiptGoods]
)
def test_the_proof_finds_a_row_that_is_wrong(session: Session, till: Till, table: type[_Proven]):
    product_id = a_product(session)
    edit_product(session, product_id, ProductChanges(group="MILK"), now=NOW, by=SYSTEM)
    sell(session, till, a_customer(session, "C1"), product_id, "1")
    roll_all(session)
    session.execute(sa.update(table).values(spend_minor=table.spend_minor + 1))
    wrong = verify(session)
    assert wrong is not None
    assert wrong.kept is not None
    assert wrong.proved is not None
    assert (wrong.table, wrong.kept["spend_minor"], wrong.proved["spend_minor"]) == (table.__tablename__, 1001, 1000)


def test_the_past_is_asked_without_what_came_later(session: Session, till: Till):
    customer_id = a_customer(session, "C1")
    sell(session, till, customer_id, a_product(session), "1")
    roll_all(session)
    assert found(session, spent(0), TODAY - dt.timedelta(days=1)) == ["C1"]
    assert found(session, {"metric": "days_since_last", "op": "eq", "value": 5}, TODAY + dt.timedelta(days=5)) == ["C1"]
