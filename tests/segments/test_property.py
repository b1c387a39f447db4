"""The compiler beside a slow, obvious evaluation of the same tree, over random data.

REQ S-01 S-02
"""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product, ProductGroup
from erp_club.customers.models import Customer
from erp_club.organisation.models import Store
from erp_club.purchases.segment_registry import REGISTRY
from erp_club.receipts.models import Receipt, ReceiptLine
from erp_club.receipts.rollups.commands import roll, roll_all
from erp_club.segments import queries
from erp_club.segments.reading import read_condition
from tests.make.clubs import a_customer
from tests.make.organisation import a_chain, a_store
from tests.make.purchases import a_product
from tests.segments.evaluation import Line, Person, holds

START = dt.date(2026, 1, 1)
GROUPS, STORES, PEOPLE = ("A", "B", "C"), ("1", "2"), ("p", "q", "r")
lines = st.tuples(st.sampled_from(GROUPS), st.integers(-2, 3), st.integers(-500, 900))
receipts = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.integers(0, 40), st.sampled_from(STORES), st.lists(lines, max_size=3)),
    max_size=9,
)
numbers = st.integers(-1, 6) | st.integers(0, 1500)
compared = st.one_of(
    st.tuples(st.sampled_from(("eq", "ne", "lt", "le", "gt", "ge")), numbers),
    st.tuples(st.sampled_from(("in", "not_in")), st.lists(numbers, min_size=1, max_size=3)),
    st.tuples(st.just("between"), st.tuples(numbers, numbers).map(sorted)),
    st.tuples(st.just("is_null"), st.booleans()),
)
things = st.fixed_dictionaries(
    {},
    optional={
        "group": st.lists(st.sampled_from(GROUPS), min_size=1, max_size=2, unique=True),
        "store": st.lists(st.sampled_from(STORES), min_size=1, max_size=2, unique=True),
    },
)
periods = st.none() | st.one_of(
    st.integers(1, 45).map(lambda days: {"last_days": days}),
    st.sampled_from(("this_month", "last_month", "this_year", "last_year")).map(lambda name: {"calendar": name}),
    st.tuples(st.integers(0, 45), st.integers(0, 30)).map(
        lambda ends: {
            "from": str(START + dt.timedelta(days=ends[0])),
            "to": str(START + dt.timedelta(days=sum(ends))),
        }
    ),
)
METRICS = ("spend", "purchases", "quantity", "visit_days", "returns", "days_since_last")


def _leaf(metric: str, of: Any, over: Any, op: tuple[str, Any]) -> dict[str, Any]:
    return {"metric": metric, "of": of, "over": over, "op": op[0], "value": op[1]}


leaves = st.builds(_leaf, st.sampled_from(METRICS), things, periods, compared)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)


def _world(session: Session) -> dict[str, dict[str, int]]:
    if session.scalar(sa.select(Customer.id).where(Customer.number == "p")) is None:
        a_chain(session)
        for number in PEOPLE:
            a_customer(session, number)
        for code in STORES:
            a_store(session, code)
        for name in GROUPS:
            group = ProductGroup(name=name)
            session.add(group)
            session.flush()
            session.execute(sa.update(Product).where(Product.id == a_product(session, name)).values(group_id=group.id))
    return {
        "people": {row.number: row.id for row in session.execute(sa.select(Customer.id, Customer.number))},
        "stores": {row.code: row.id for row in session.execute(sa.select(Store.id, Store.code))},
        "products": {row.sku: row.id for row in session.execute(sa.select(Product.id, Product.sku))},
    }


def _sold(session: Session, sold: Any) -> dict[str, Person]:
    world = _world(session)
    people = {number: Person(number) for number in PEOPLE}
    for index, (number, after, store, found) in enumerate(sold):
        day = START + dt.timedelta(days=after)
        total = sum(minor for _, _, minor in found)
        at = dt.datetime.combine(day, dt.time(9), dt.UTC)
        key = {"customer_id": world["people"][number]}
        receipt = session.scalar(
            sa.insert(Receipt)
            .values(**key, store_id=world["stores"][store], receipt_no=str(index), sold_at=at, sold_on=day,
                    list_minor=total, total_minor=total, source="till")
            .returning(Receipt.id)
        )  # fmt: skip
        for line_no, (group, quantity, minor) in enumerate(found, 1):
            session.execute(
                sa.insert(ReceiptLine).values(**key, receipt_id=receipt, line_no=line_no, vat_bp=1800,
                                              product_id=world["products"][group], quantity_milli=quantity * 1000,
                                              list_minor=minor, amount_minor=minor)
            )  # fmt: skip
            people[number].lines.append(
                Line(("", str(index)), store, day, group, group, None, None, Decimal(quantity), minor)
            )
    return people


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(  # of one customer a receipt waits that has no lines
    sold=[("p", 4, "1", [("C", 2, 249)]), ("p", 32, "1", [])],
    asked=[_leaf("quantity", {}, None, ("in", [0]))],
    after=39,
    rolled=1,
)
@given(sold=receipts, asked=st.lists(trees, min_size=1, max_size=3), after=st.integers(0, 60), rolled=st.integers(0, 9))
def test_a_tree_holds_for_whom_the_obvious_evaluation_says(
    session: Session, sold: Any, asked: list[Any], after: int, rolled: int
):
    as_of = START + dt.timedelta(days=after)
    nested = session.begin_nested()
    people = _sold(session, sold)
    roll_all(session) if rolled == 9 else roll(session, most=rolled)
    ids = {number: session.scalar(sa.select(Customer.id).where(Customer.number == number)) or 0 for number in PEOPLE}
    facts = queries.facts(session, as_of)
    assert facts.rolled is not None
    if after % 2:  # as many customers are summed up: in parts
        facts = replace(facts, rolled=replace(facts.rolled, cuts=(ids["q"],)))
    for document in asked:
        condition = read_condition(document, REGISTRY)
        expected = sorted(number for number, person in people.items() if holds(person, document, as_of))
        assert list(queries.numbers(session, condition, facts)) == expected
    one = queries.facts(session, as_of, only=(ids["p"],))
    held = queries.held_by(session, {str(i): read_condition(each, REGISTRY) for i, each in enumerate(asked)}, one)
    assert held == {ids["p"]: {str(i) for i, each in enumerate(asked) if holds(people["p"], each, as_of)}}
    nested.rollback()
