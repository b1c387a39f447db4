"""Which list prices a customer gets: by club, level, customer group, store and day.

REQ L-01
"""

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from erp_club.clubs.kinds import ClubState
from erp_club.clubs.models import Club
from erp_club.pricelists import queries
from erp_club.pricelists.kinds import PriceListState
from erp_club.promotions.engine.facts import ListPrice
from tests.make.clubs import a_club
from tests.make.organisation import a_chain, a_store
from tests.make.pricelists import a_list, an_entry, in_group
from tests.make.purchases import a_product

DAY = dt.date(2026, 11, 22)
YESTERDAY, TOMORROW = DAY - dt.timedelta(days=1), DAY + dt.timedelta(days=1)


@pytest.fixture
def shop(session: Session) -> Session:
    """Milk and bread in two groups, the clubs GOLD and GREEN, the stores 374 and 406."""
    a_chain(session)
    for code in ("GOLD", "GREEN"):
        a_club(session, code)
    for code in ("374", "406"):
        a_store(session, code)
    for sku, group in (("milk", "DAIRY"), ("bread", "BAKERY"), ("salt", None)):
        a_product(session, sku, name=sku.title())
        if group:
            in_group(session, sku, group)
    return session


def prices(session: Session, *products: str, **said: Any) -> list[tuple[str, Any, int | None, int | None]]:
    """List, what it is said of, price and share off, for a member of GOLD in store 374 unless the test says more."""
    asked: dict[str, Any] = {"clubs": {"GOLD": None}, "store": "374", "day": DAY} | said
    found = queries.prices_for(session, products=products or ("milk", "bread", "salt"), **asked)
    return sorted((each.list_code, _of(each), each.price_minor, each.off_bp) for each in found)


def _of(price: ListPrice) -> str:
    return ",".join((*price.on.products, *price.on.groups)) or "*"


def test_a_member_gets_the_prices_of_the_clubs_list(shop: Session):
    gold = a_list(shop)
    an_entry(shop, gold, sku="milk", price_minor=8_50)
    an_entry(shop, gold, group="BAKERY", off_bp=1500)
    an_entry(shop, gold, off_bp=500)
    assert prices(shop) == [
        ("GOLD-26", "*", None, 500),
        ("GOLD-26", "BAKERY", None, 1500),
        ("GOLD-26", "milk", 8_50, None),
    ]
    assert prices(shop, "salt") == [("GOLD-26", "*", None, 500)]


def test_nobody_known_and_members_of_other_clubs_get_no_list_price(shop: Session):
    an_entry(shop, a_list(shop), sku="milk")
    assert prices(shop, clubs={}) == []
    assert prices(shop, clubs={"GREEN": "gold"}) == []


def test_a_list_may_be_for_one_level_of_a_club_or_for_that_level_in_any(shop: Session):
    an_entry(shop, a_list(shop, "SILVER", level="Silver"), sku="milk", off_bp=1000)
    an_entry(shop, a_list(shop, "TOP", club=None, level="Top"), sku="milk", off_bp=2000)
    assert prices(shop, clubs={"GOLD": None}) == []
    assert prices(shop, clubs={"GOLD": "Silver"}) == [("SILVER", "milk", None, 1000)]
    assert prices(shop, clubs={"GREEN": "Silver"}) == []
    assert prices(shop, clubs={"GREEN": "Top"}) == [("TOP", "milk", None, 2000)]


def test_a_list_may_be_for_a_customer_group_without_any_club(shop: Session):
    an_entry(shop, a_list(shop, "STAFF", club=None, segment="Staff"), sku="milk", off_bp=2500)
    assert prices(shop) == []
    assert prices(shop, clubs={}, segments={"Staff", "Students"}) == [("STAFF", "milk", None, 2500)]


@pytest.mark.parametrize("state", [PriceListState.DRAFT, PriceListState.CLOSED])
def test_a_draft_prices_nothing_yet_and_a_closed_list_nothing_more(shop: Session, state: PriceListState):
    an_entry(shop, a_list(shop, state=state), sku="milk")
    assert prices(shop) == []


def test_a_closed_club_gives_no_list_prices_any_more(shop: Session):
    an_entry(shop, a_list(shop), sku="milk")
    shop.execute(sa.update(Club).values(state=ClubState.CLOSED))
    assert prices(shop) == []


def test_lists_and_entries_hold_from_their_first_to_their_last_day(shop: Session):
    gold = a_list(shop, first=YESTERDAY, last=TOMORROW)
    an_entry(shop, gold, sku="milk", price_minor=9_00, last=YESTERDAY)
    an_entry(shop, gold, sku="milk", price_minor=8_00, first=DAY, last=DAY)
    an_entry(shop, gold, sku="milk", price_minor=7_00, first=TOMORROW)
    by_day = {
        day: [price for _, _, price, _ in prices(shop, day=day)]
        for day in (YESTERDAY, DAY, TOMORROW, YESTERDAY - dt.timedelta(days=1), TOMORROW + dt.timedelta(days=1))
    }
    assert list(by_day.values()) == [[9_00], [8_00], [7_00], [], []]


def test_lists_and_entries_hold_in_their_stores(shop: Session):
    an_entry(shop, a_list(shop, "HAIFA", stores=("374",)), sku="milk", price_minor=8_00)
    everywhere = a_list(shop, "ALL")
    an_entry(shop, everywhere, sku="bread", price_minor=6_00, store="406")
    assert prices(shop, store="374") == [("HAIFA", "milk", 8_00, None)]
    assert prices(shop, store="406") == [("ALL", "bread", 6_00, None)]


def test_where_the_lowest_wins_every_entry_is_told_and_the_engine_takes_the_lowest(shop: Session):
    gold = a_list(shop)
    an_entry(shop, gold, sku="milk", price_minor=9_50)
    an_entry(shop, gold, group="DAIRY", off_bp=1000)
    an_entry(shop, gold, sku="milk", price_minor=9_40, store="374")
    found = queries.prices_for(shop, products=["milk"], clubs={"GOLD": None}, store="374", day=DAY)
    assert sorted((each.price_minor or 0, each.on.without_products) for each in found) == [
        (0, ()),
        (9_40, ()),
        (9_50, ()),
    ]


def test_a_list_that_always_holds_says_one_thing_of_each_product_its_narrowest(shop: Session):
    gold = a_list(shop, always=True)
    an_entry(shop, gold, sku="milk", price_minor=9_50)
    an_entry(shop, gold, sku="milk", price_minor=9_60, store="374")
    an_entry(shop, gold, group="DAIRY", off_bp=1000)
    an_entry(shop, gold, group="BAKERY", off_bp=2000)
    an_entry(shop, gold, off_bp=300)
    found = queries.prices_for(shop, products=["milk", "bread", "salt"], clubs={"GOLD": None}, store="374", day=DAY)
    assert {each.always for each in found} == {True}
    assert sorted(
        ((*each.on.products, *each.on.groups), each.on.without_products, each.on.without_groups, each.price_minor)
        for each in found
        if each.off_bp is None
    ) == [(("milk",), (), (), 9_60)]
    assert sorted(
        ((*each.on.products, *each.on.groups), each.on.without_products, each.on.without_groups, each.off_bp)
        for each in found
        if each.off_bp is not None
    ) == [
        ((), ("milk",), ("BAKERY", "DAIRY"), 300),
        (("BAKERY",), ("milk",), (), 2000),
        (("DAIRY",), ("milk",), (), 1000),
    ]


def test_one_list_can_not_say_two_things_of_one_product_on_one_day(shop: Session):
    gold = a_list(shop)
    an_entry(shop, gold, sku="milk", last=DAY)
    an_entry(shop, gold, sku="milk", first=TOMORROW)
    an_entry(shop, gold, sku="milk", store="374")
    an_entry(shop, gold, group="DAIRY")
    an_entry(shop, a_list(shop, "GREEN", club="GREEN"), sku="milk")
    again: list[dict[str, Any]] = [
        {"sku": "milk", "first": YESTERDAY, "last": DAY},
        {"sku": "milk", "store": "374"},
        {"group": "DAIRY"},
    ]
    for said in again:
        with pytest.raises(IntegrityError, match="said_once"), shop.begin_nested():
            an_entry(shop, gold, **said)


def test_the_rows_of_a_basket_stay_few_however_long_the_lists_are(shop: Session):
    gold = a_list(shop)
    shop.execute(
        sa.text(
            "WITH opened AS (INSERT INTO products (sku, name, list_price_minor, vat_bp, stub) "
            "SELECT 'p' || n, 'Product ' || n, 1000, 1800, false FROM generate_series(1, 3000) n RETURNING id) "
            "INSERT INTO price_list_entries (price_list_id, product_id, price_minor) SELECT :id, id, 900 FROM opened"
        ),
        {"id": gold},
    )
    wanted = [f"p{number}" for number in range(1, 21)]
    assert len(prices(shop, *wanted)) == 20
    shop.execute(sa.text("ANALYZE price_list_entries"))
    query = queries.entries_in_force(
        sa.text("SELECT id, group_id FROM products WHERE sku = ANY(:skus)")
        .columns(sa.column("id", sa.BigInteger), sa.column("group_id", sa.Integer))
        .subquery("wanted"),
        store_id=0,
        day=DAY,
        clubs=["GOLD"],
    )
    compiled = query.compile(shop.get_bind(), compile_kwargs={"literal_binds": True})
    plan = shop.scalars(sa.text(f"EXPLAIN {compiled}"), {"skus": wanted}).all()
    assert not [line for line in plan if "Seq Scan on price_list_entries" in line], "\n".join(plan)
