"""Reports of purchases: what a figure counts, whatever the rows are, and that all pages say the same.

REQ R-01 R-02 R-06
"""

import datetime as dt
import itertools
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.commands import ProductChanges, edit_product
from erp_club.catalogue.models import Product
from erp_club.people.erasure.commands import erase_customer
from erp_club.people.merging.commands import merge_customers
from erp_club.people.merging.undoing.commands import undo_merge
from erp_club.permissions.actors import SYSTEM
from erp_club.purchases.commands import post_sale
from erp_club.purchases.posting.commands import write_sale
from erp_club.receipts.models import Receipt
from erp_club.receipts.rollups.commands import roll, roll_all, verify
from erp_club.receipts.rollups.models import SliceBuyers
from erp_club.reports import habits
from erp_club.reports import queries as chain
from erp_club.reports.favourites import favourites
from erp_club.reports.purchases import queries, slices
from erp_club.reports.purchases.asked import SUNDAY, TIMES, Asked, By
from erp_club.reports.purchases.figures import Figures
from erp_club.reports.purchases.queries import listing, steps, total
from erp_club.segments.commands import Settings, take_list
from tests.make.clubs import a_club, a_customer, a_membership
from tests.make.purchases import NOW, Till, a_line, a_product, a_sale, a_till, another_till

DAY = NOW.date()


@pytest.fixture
def till(session: Session) -> Till:
    return a_till(session)


def asked(by: By = By.DAY, first: dt.date = DAY, last: dt.date = DAY, **narrowed: Any) -> Asked:
    return Asked(by=by, first=first, last=last, **narrowed)


def sell(session: Session, till: Till, number: str, *lines: tuple[int, int, int], customer_id: int = 0,
         at: dt.datetime = NOW) -> None:  # fmt: skip
    """Lines as (product, list price, paid)."""
    sold = [a_line(product, paid, list_minor=listed) for product, listed, paid in lines]
    sale = a_sale(till, *sold, receipt_no=number, customer_id=customer_id, sold_at=at)
    write_sale(session.connection(), sale, (), now=at, by=till.by)


@pytest.fixture(params=["waiting", "rolled"])
def shop(request: pytest.FixtureRequest, session: Session, till: Till) -> dict[str, int]:
    """Bread and milk sold to somebody and to nobody known, rolled up or still waiting."""
    bread, milk = a_product(session, sku="B"), a_product(session, sku="M")
    edit_product(session, bread, ProductChanges(group="BREAD", department="FOOD"), now=NOW, by=SYSTEM)
    edit_product(session, milk, ProductChanges(group="MILK", department="FOOD"), now=NOW, by=SYSTEM)
    customer = a_customer(session, "C1")
    sell(session, till, "1", (bread, 10_00, 8_00), (milk, 5_00, 5_00), customer_id=customer)
    sell(session, till, "2", (milk, 5_00, 5_00), customer_id=customer)
    sell(session, till, "3", (bread, 10_00, 10_00))
    if request.param == "rolled":
        roll_all(session)
    return {"bread": bread, "milk": milk, "customer": customer}


def test_the_total_is_the_receipts(session: Session, shop: dict[str, int]):
    found = total(session, asked())
    assert found == Figures(
        receipts=3, purchases=3, sales_minor=28_00, list_minor=30_00, quantity_milli=4_000, known_minor=18_00,
        buyers=1, points=0,
    )  # fmt: skip
    assert found.sales_minor == session.scalar(sa.select(sa.func.sum(Receipt.total_minor)))
    assert (found.discount_minor, found.average_minor, found.identified_bp) == (2_00, 9_33, 64_28)


def test_the_home_page_says_the_same(session: Session, shop: dict[str, int]):
    (month,) = chain.sales_by_month(session)
    found = total(session, asked())
    assert (month.receipts, month.sales_minor) == (found.receipts, found.sales_minor)


def test_a_receipt_of_two_groups_stands_in_both_and_once_in_the_total(session: Session, shop: dict[str, int]):
    rows, count = listing(session, asked(By.GROUP), sort="sales", descending=True)
    told = [(row.name, row.figures.sales_minor, row.figures.receipts, row.figures.buyers) for row in rows]
    assert (told, count) == ([("BREAD", 18_00, 2, 1), ("MILK", 10_00, 2, 1)], 2)
    ((department,), _) = listing(session, asked(By.DEPARTMENT), sort="name", descending=False)
    assert (department.name, department.figures.receipts, department.figures.sales_minor) == ("FOOD", 3, 28_00)


def test_a_page_of_rows_says_how_many_there_are_in_all(session: Session, shop: dict[str, int]):
    rows, count = listing(session, asked(By.PRODUCT), sort="sales", descending=False, offset=1, limit=1)
    assert ([(row.code, row.figures.sales_minor) for row in rows], count) == ([("B", 18_00)], 2)


def test_a_product_narrows_every_figure(session: Session, shop: dict[str, int]):
    found = total(session, asked(product_id=shop["milk"]))
    assert (found.receipts, found.sales_minor, found.known_minor, found.points) == (2, 10_00, 10_00, None)
    rows = queries.receipt_rows(session, asked(product_id=shop["milk"]), offset=0, limit=10)
    assert sorted(row.receipt_no for row in rows) == ["1", "2"]
    assert queries.receipt_count(session, asked()) == 3


def test_customers_are_listed_with_those_nobody_knows(session: Session, shop: dict[str, int]):
    rows, _ = listing(session, asked(By.CUSTOMER), sort="sales", descending=True)
    assert [(row.key, row.figures.sales_minor, row.figures.buyers) for row in rows] == [
        (shop["customer"], 18_00, 1),
        (0, 10_00, 0),
    ]


def test_a_cashiers_row_holds_what_they_sold(session: Session, till: Till, shop: dict[str, int]):
    ((row,), _) = listing(session, asked(By.CASHIER), sort="sales", descending=True)
    assert (row.key, row.figures.receipts, row.figures.sales_minor) == (till.by.staff_id, 3, 28_00)
    assert total(session, asked(staff_id=till.by.staff_id)).receipts == 3


def test_a_cashiers_sales_are_kept_apart_from_anothers_of_the_same_customer(session: Session, till: Till):
    other, customer, product = (
        another_till(session, store_code="406", username="other"),
        a_customer(session, "C1"),
        a_product(session),
    )
    for number, at in (("1", till), ("2", other), ("3", till)):
        sell(session, at, number, (product, 5_00, 5_00), customer_id=customer)
    roll_all(session)
    rows, _ = listing(session, asked(By.CASHIER), sort="sales", descending=True)
    told = [(row.key, row.figures.sales_minor, row.figures.buyers) for row in rows]
    assert told == [(till.by.staff_id, 10_00, 1), (other.by.staff_id, 5_00, 1)]
    assert total(session, asked(staff_id=other.by.staff_id, customer_id=customer)).sales_minor == 5_00


SEPTEMBER, OCTOBER = dt.date(2026, 9, 1), dt.date(2026, 10, 1)
ODD_DAYS = {
    "most of a month and some of another": (dt.date(2026, 9, 29), DAY),
    "a month but for its first day, one whole, and a few": (dt.date(2026, 9, 2), dt.date(2026, 11, 3)),
    "a week": (dt.date(2026, 10, 3), dt.date(2026, 10, 9)),
}


@pytest.mark.parametrize("of_club", [False, True], ids=["all", "of a club"])
@pytest.mark.parametrize("sort", ["sales", "receipts", "buyers", "items", "average", "discount", "returned", "name"])
def test_products_of_whole_months_and_the_days_around_are_those_of_the_lines(
    session: Session, till: Till, sort: str, of_club: bool
):
    club, customer, other = a_club(session), a_customer(session, "C1"), a_customer(session, "C2")
    a_membership(session, customer, club, joined_on=OCTOBER)
    products = [a_product(session, sku=sku, name=sku) for sku in ("A", "B", "C")]
    days = [SEPTEMBER, dt.date(2026, 9, 2), dt.date(2026, 9, 29), dt.date(2026, 10, 5), dt.date(2026, 11, 3), DAY]
    buyers = (customer, 0, other, customer)
    for number, (day, product) in enumerate(itertools.product(days, products)):
        at = dt.datetime.combine(day, dt.time(9), dt.UTC)
        sell(session, till, str(number), (product, 5_00 + number, 5_00), customer_id=buyers[number % 4], at=at)
        if number == 11:
            roll_all(session)
    for first, last in ODD_DAYS.values():
        wide = asked(By.PRODUCT, first=first, last=last, club_id=club if of_club else None)
        rows, count = listing(session, wide, sort=sort, descending=True, limit=10)
        every, _ = listing(session, wide, sort=sort, descending=True)
        sold = {row.key for row in every}
        assert (count, {row.key for row in rows}) == (len(sold), sold)
        assert sold
        told, listed = ({row.key: row.figures.with_points(None) for row in each} for each in (rows, every))
        assert told == listed
        one, of_all = listing(session, wide, sort=sort, descending=True, limit=1)
        assert (one, of_all) == (rows[:1], count)


def test_days_without_sales_stand_at_nothing(session: Session, shop: dict[str, int]):
    rows = steps(session, asked(first=DAY - dt.timedelta(days=1), last=DAY))
    assert [(row.key, row.figures.receipts) for row in rows] == [(DAY - dt.timedelta(days=1), 0), (DAY, 3)]


def test_a_week_begins_where_the_country_says(session: Session, shop: dict[str, int]):
    assert DAY.isoweekday() == 7
    sunday = Asked(by=By.WEEK, first=DAY, last=DAY, week_starts=SUNDAY)
    monday = Asked(by=By.WEEK, first=DAY, last=DAY)
    assert [(row.key, row.figures.receipts) for row in steps(session, sunday)] == [(DAY, 3)]
    assert [(row.key, row.figures.receipts) for row in steps(session, monday)] == [(DAY - dt.timedelta(days=6), 3)]


def test_members_are_those_whose_membership_held_on_the_day(session: Session, till: Till):
    club, customer, product = a_club(session), a_customer(session, "C1"), a_product(session)
    earlier = NOW - dt.timedelta(days=10)
    sell(session, till, "1", (product, 7_00, 7_00), customer_id=customer, at=earlier)
    a_membership(session, customer, club, joined_on=DAY)
    sell(session, till, "2", (product, 5_00, 5_00), customer_id=customer)
    sell(session, till, "3", (product, 3_00, 3_00))
    roll_all(session)
    both = asked(By.CLUB, first=earlier.date())
    assert total(session, asked(first=earlier.date(), club_id=club)).sales_minor == 5_00
    rows, _ = listing(session, both, sort="sales", descending=True)
    assert [(row.key, row.figures.sales_minor) for row in rows] == [(None, 10_00), (club, 5_00)]


FILTERS = ("store_id", "club_id", "segment_id", "customer_id", "staff_id", "department_id", "group_id", "brand_id",
           "product_id")  # fmt: skip


def test_every_kind_of_rows_under_every_filter_is_the_same_from_the_sums_as_from_the_lines(
    session: Session, till: Till
):
    """Two filters at once, too; rows that don't overlap add up to the total."""
    other = another_till(session, store_code="406", username="other")
    bread, milk, loaf = (a_product(session, sku=sku) for sku in "BML")
    for product, group, brand in ((bread, "BREAD", "OURS"), (milk, "MILK", "OURS"), (loaf, "BREAD", "THEIRS")):
        edit_product(session, product, ProductChanges(group=group, department="FOOD", brand=brand), now=NOW, by=SYSTEM)
    club, yael, noa = a_club(session), a_customer(session, "C1"), a_customer(session, "C2")
    a_membership(session, yael, club, joined_on=DAY - dt.timedelta(days=1))
    a_membership(session, noa, club, joined_on=dt.date(DAY.year - 1, 12, 31))
    segment, _ = take_list(session, Settings("Ours", "", False), ["C1", "C2"], today=DAY, now=NOW, by=SYSTEM)
    for number, (who, back) in enumerate(((yael, 3), (yael, 1), (noa, 0), (0, 0), (yael, 0))):
        at = NOW - dt.timedelta(days=back)
        where = other if number == 2 else till
        sell(session, where, str(number), (bread, 10_00, 8_00), (milk, 5_00, 5_00), customer_id=who, at=at)
        sell(session, where, f"1{number}", (loaf, 7_00, 7_00), (loaf, 7_00, 6_00), customer_id=who, at=at)
    product = session.get_one(Product, bread)
    staff = session.scalars(sa.select(Receipt.staff_id).where(Receipt.customer_id == yael)).first()
    values = dict(
        zip(
            FILTERS,
            (till.store_id, club, segment, yael, staff, product.department_id, product.group_id, product.brand_id,
             bread),
            strict=True,
        )
    )  # fmt: skip
    back = replace(a_line(loaf, -7_00), quantity_milli=-1_000)
    mixed = a_sale(till, back, a_line(milk, 5_00), a_line(bread, 8_00), receipt_no="M", customer_id=yael)
    write_sale(session.connection(), mixed, (), now=NOW, by=till.by)
    pairs = [
        *((), *((each,) for each in FILTERS), *itertools.combinations(FILTERS, 2)),
        ("department_id", "group_id", "brand_id"),
        ("department_id", "brand_id", "staff_id"),
        ("group_id", "brand_id", "club_id"),
    ]
    from_lines = {names: _every_row(session, {name: values[name] for name in names}) for names in pairs}
    assert roll(session, most=5) == 5
    for names in pairs[: len(FILTERS) + 1]:
        assert _every_row(session, {name: values[name] for name in names}) == from_lines[names], names
    roll_all(session)
    assert verify(session) is None
    for names in pairs:
        assert _every_row(session, {name: values[name] for name in names}) == from_lines[names], names
    assert sum(bool(each) for each in from_lines.values()) > 40


MANY = 2


def _every_row(session: Session, narrowed: dict[str, Any]) -> dict[By | str, dict[Any, Figures]]:
    year = asked(By.GROUP, first=DAY.replace(month=1, day=1), last=DAY.replace(month=12, day=31), **narrowed)
    told: dict[By | str, dict[Any, Figures]] = {"all of the year": {None: total(session, year)}}
    for by in (By.GROUP, By.CUSTOMER, By.CLUB, By.SEGMENT) if len(narrowed) < MANY else (By.GROUP,):
        rows, _ = listing(session, replace(year, by=by), sort="sales", descending=True, limit=10)
        told[f"{by} of the year"] = {row.key: row.figures for row in rows}
    told["the year"] = {row.key: row.figures for row in steps(session, replace(year, by=By.YEAR))}
    days = {"first": DAY - dt.timedelta(days=4), **narrowed}
    sales_minor = total(session, asked(**days)).sales_minor
    for by in By:
        whole = asked(by, **days)
        rows = steps(session, whole) if by in TIMES else listing(session, whole, sort="sales", descending=True)[0]
        told[by] = {row.key: row.figures for row in rows if row.figures.receipts}
        if by not in {By.CLUB, By.SEGMENT}:
            summed = sum(each.sales_minor for each in told[by].values())
            assert summed == sales_minor, (by, narrowed)
    return told


def test_a_merged_customers_sales_and_points_are_those_of_whom_they_became(session: Session, till: Till):
    club, kept, double = a_club(session), a_customer(session, "C1"), a_customer(session, "C2")
    a_membership(session, double, club, joined_on=DAY)
    segment, _ = take_list(session, Settings("Ours", "", False), ["C1"], today=DAY, now=NOW, by=SYSTEM)
    sale = a_sale(till, a_line(a_product(session), 50_00), receipt_no="1", customer_id=double)
    post_sale(session, sale, now=NOW, by=till.by)
    whole = total(session, asked())
    assert (whole.points or 0) > 0
    merge_customers(session, kept, double, take=(), today=DAY, now=NOW, by=SYSTEM)
    ways = (asked(segment_id=segment), asked(club_id=club), asked(customer_id=kept))
    for narrowed in ways:
        assert total(session, narrowed) == whole, narrowed
    assert habits.movement(session, asked()).new == 1
    roll_all(session)
    for narrowed in ways:
        assert total(session, narrowed) == whole, narrowed


def test_a_clubs_sums_follow_late_sales_returns_changed_memberships_merges_and_erasure(
    session: Session, till: Till, monkeypatch: pytest.MonkeyPatch
):
    """Whatever waits, they say what is found out from each customer's days."""
    club, days = a_club(session), [DAY - dt.timedelta(days=ago) for ago in (60, 30, 10, 0)]
    bread, milk = a_product(session, sku="B"), a_product(session, sku="M")
    edit_product(session, bread, ProductChanges(group="BREAD"), now=NOW, by=SYSTEM)
    edit_product(session, milk, ProductChanges(group="MILK"), now=NOW, by=SYSTEM)
    members = [a_customer(session, number) for number in ("C1", "C2", "C3")]
    for member, joined in zip(members, days, strict=False):
        a_membership(session, member, club, joined_on=joined)
    sell(session, till, "0", (bread, 10_00, 8_00), at=NOW - dt.timedelta(days=10))
    numbers, merges = itertools.count(1), list[int]()
    when: dict[str, Any] = {"today": DAY, "now": NOW, "by": SYSTEM}

    def sold(member: int, day: dt.date) -> None:
        at = NOW - (DAY - day)
        sell(session, till, str(next(numbers)), (bread, 10_00, 8_00), (milk, 5_00, 5_00), customer_id=member, at=at)

    def brought_back(member: int) -> None:
        back = replace(a_line(milk, -5_00), quantity_milli=-1_000)
        sale = a_sale(till, back, receipt_no=str(next(numbers)), customer_id=member)
        write_sale(session.connection(), sale, (), now=NOW, by=till.by)

    def products() -> list[Any]:
        """Of whole months, and of days that are none; of the club and of the chain."""
        whole = (days[0].replace(day=1), asked(By.MONTH).step_end(DAY), 5)
        return [
            listing(session, asked(By.PRODUCT, first, last, club_id=whose), sort="buyers", descending=True, limit=limit)
            for first, last, limit in (whole, (days[0], DAY, 5), (days[0], days[2], None))
            for whose in (club, None)
        ]

    def by_club(first: dt.date, last: dt.date) -> list[Any]:
        rows, _ = listing(session, asked(By.CLUB, first, last), sort="name", descending=False)
        return [(row.key, row.figures) for row in rows]

    def told() -> list[Any]:
        questions = [asked(by, days[0], DAY, club_id=club) for by in (By.DAY, By.MONTH, By.STORE, By.GROUP)]
        of_group = replace(questions[0], group_id=session.scalar(sa.select(Product.group_id).where(Product.id == milk)))
        rows = [
            steps(session, each) if each.by in TIMES else listing(session, each, sort="name", descending=False)
            for each in (*questions, of_group)
        ]
        chain_wide = asked(By.MONTH, days[0], dt.date(DAY.year, 12, 31))
        year = asked(By.GROUP, dt.date(DAY.year, 1, 1), dt.date(DAY.year, 12, 31))
        liked = [
            favourites(session, replace(year, by=by, **narrowed))
            for by in (By.GROUP, By.STORE)
            for narrowed in ({}, {"club_id": club}, {"store_id": till.store_id})
        ]
        habits_of_all = (liked, habits.movement(session, chain_wide))
        often = [habits.frequency(session, replace(year, club_id=whose)) for whose in (club, None)]
        return [
            *rows,
            products(),
            *often,
            [by_club(*each) for each in ((days[0], DAY), (days[1], days[2]), (dt.date(DAY.year, 1, 1), DAY))],
            total(session, of_group),
            *habits_of_all,
            habits.cohorts(session, chain_wide),
        ]

    def changes(after: dt.date) -> None:
        moved = "UPDATE membership_periods SET validity = daterange(:after, upper(validity)) WHERE customer_id = :id"
        session.execute(sa.text(moved), {"after": after, "id": members[0]})

    for happens in (
        lambda: [sold(member, day) for member in members for day in days[::2]],
        lambda: [sold(members[0], days[1]), sold(members[2], days[1])],
        lambda: changes(days[1] + dt.timedelta(days=1)),
        lambda: edit_product(session, bread, ProductChanges(group="MILK"), now=NOW, by=SYSTEM),
        lambda: merges.append(merge_customers(session, members[1], members[2], take=(), **when)),
        lambda: [changes(days[0]), sold(members[2], days[3]), brought_back(members[1])],
        lambda: [undo_merge(session, merges[0], **when), sold(members[2], days[2])],
        lambda: [erase_customer(session, members[2], points=0, **when), brought_back(members[0])],
    ):
        happens()
        for _ in ("waiting", "summed up"):
            with monkeypatch.context() as plain:
                plain.setattr(slices, "MOST_WAITED", -1)
                found_out = told()
            assert told() == found_out
            assert found_out[-4].buyers > 0
            assert {count for _, count in found_out[5]} == {2}
            assert [key for key, _ in found_out[-5][0]] == [club, None]
            assert (len(found_out[-3][0].rows), len(found_out[-1])) > (0, 0)
            roll_all(session)
            assert verify(session) is None
    assert {each.split("/")[1] for each in session.scalars(sa.select(SliceBuyers.slice)) if "/" in each} == set(
        slices.OF_CLUBS
    )


def test_customers_of_a_club_have_its_points_once(session: Session, till: Till):
    clubs = [a_club(session, code) for code in ("GOLD", "GREEN")]
    product = a_product(session)
    for number in ("C1", "C2"):
        customer = a_customer(session, number)
        for club in clubs:
            a_membership(session, customer, club, joined_on=DAY)
        sale = a_sale(till, a_line(product, 50_00), receipt_no=number, customer_id=customer)
        post_sale(session, sale, now=NOW, by=till.by)
    whole = asked(By.CUSTOMER, club_id=clubs[0])
    rows, _ = listing(session, whole, sort="sales", descending=True)
    points = [row.figures.points or 0 for row in rows]
    assert points[0] > 0
    assert (len(set(points)), sum(points)) == (1, total(session, whole).points)
