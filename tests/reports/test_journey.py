"""Ten reports over the journey's purchases, beside what pandas makes of the same files, to the agora.

REQ R-01 R-02 R-06
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Brand, Department, Product, ProductGroup
from erp_club.clubs.models import Club, Membership, MembershipPeriod
from erp_club.organisation.models import Store
from erp_club.reports import habits
from erp_club.reports.purchases import buying
from erp_club.reports.purchases.asked import SUNDAY, TIMES, Asked, By
from erp_club.reports.purchases.figures import Figures
from erp_club.reports.purchases.queries import listing, steps, total
from erp_club.segments.models import Segment
from tests.conftest import rolled_back
from tests.reports.books import FIRST, LAST, NOTHING, Frame, loaded

Told = dict[Any, tuple[int, ...]]
DAYS = {"first": FIRST, "last": LAST}
NEARLY = {"first": FIRST + dt.timedelta(days=10), "last": LAST - dt.timedelta(days=38)}
"""Less than a year, and than its months: what these have too much is taken out."""


@pytest.fixture(scope="module")
def books(engine: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Session, Frame]]:
    """Some households of the journey with returns and sales to nobody known, half of it rolled up; and as a frame."""
    with rolled_back(engine) as database, database.session() as session:
        yield session, loaded(session, tmp_path_factory.mktemp("journey"))


def _figures(lines: Frame) -> tuple[int, ...]:
    bought, back = lines[lines["quantity"] >= 0], lines[lines["quantity"] < 0]
    identified = lines[lines["customer_number"] != ""]
    buyers = bought[bought["customer_number"] != ""]["customer_number"]
    return (
        lines["receipt"].nunique(), bought["receipt"].nunique(), back["receipt"].nunique(),
        int(lines["amount"].sum()), int(-back["amount"].sum()), int(lines["list_amount"].sum()),
        int(lines["quantity"].sum()), int(identified["amount"].sum()), buyers.nunique(),
    )  # fmt: skip


def _told(figures: Figures) -> tuple[int, ...]:
    return (
        figures.receipts, figures.purchases, figures.returns, figures.sales_minor, figures.returned_minor,
        figures.list_minor, figures.quantity_milli, figures.known_minor, figures.buyers,
    )  # fmt: skip


def _by(lines: Frame, key: Any) -> Told:
    return {value: _figures(part) for value, part in lines.groupby(key)}


def _report(session: Session, asked: Asked) -> Told:
    if asked.by in TIMES:
        return {row.key: _told(row.figures) for row in steps(session, asked) if row.figures.receipts}
    rows, count = listing(session, asked, sort="sales", descending=True)
    assert len(rows) == count
    return {row.code or row.name or NOTHING: _told(row.figures) for row in rows}


def _days(told: Told) -> Told:
    return {pd.Timestamp(key).date(): value for key, value in told.items()}


def _asked(by: By, **narrowed: Any) -> Asked:
    return Asked(by=by, **DAYS, week_starts=SUNDAY, **narrowed)


def _id(session: Session, table: Any, column: Any, value: str) -> int:
    return session.scalars(sa.select(table.id).where(column == value)).one()


def _months(lines: Frame) -> Told:
    return _days(_by(lines, lines["day"].dt.to_period("M").dt.start_time))


def _weeks(lines: Frame) -> Told:
    # A week to Saturday begins on Sunday.
    return _days(_by(lines, lines["day"].dt.to_period("W-SAT").dt.start_time))


def _biggest(lines: Frame, column: str) -> str:
    return str(lines.groupby(column)["amount"].sum().idxmax())


Case = Callable[[Session, Frame], tuple[Told, Told]]


def _of_group(session: Session, lines: Frame) -> tuple[Told, Told]:
    name = _biggest(lines, "group")
    asked = _asked(By.MONTH, group_id=_id(session, ProductGroup, ProductGroup.name, name))
    return _report(session, asked), _months(lines[lines["group"] == name])


def _products_of_department(session: Session, lines: Frame) -> tuple[Told, Told]:
    name = _biggest(lines, "department")
    asked = _asked(By.PRODUCT, department_id=_id(session, Department, Department.name, name))
    return _report(session, asked), _by(lines[lines["department"] == name], "sku")


def _page_of_products(session: Session, lines: Frame) -> tuple[Told, Told]:
    rows, count = listing(session, _asked(By.PRODUCT), sort="sales", descending=True, offset=5, limit=20)
    spent = lines.groupby("sku")["amount"].sum()
    assert count == len(spent)
    assert [row.figures.sales_minor for row in rows] == sorted(spent, reverse=True)[5:25]
    told = {row.code: _told(row.figures) for row in rows}
    return told, _by(lines[lines["sku"].isin(list(told))], "sku")


def _of_product_in_stores(session: Session, lines: Frame) -> tuple[Told, Told]:
    sku = _biggest(lines, "sku")
    asked = _asked(By.STORE, product_id=_id(session, Product, Product.sku, sku))
    return _report(session, asked), _by(lines[lines["sku"] == sku], "store")


def _groups_of_store(session: Session, lines: Frame) -> tuple[Told, Told]:
    code = _biggest(lines, "store")
    asked = _asked(By.GROUP, store_id=_id(session, Store, Store.code, code))
    return _report(session, asked), _by(lines[lines["store"] == code], "group")


def _groups_of_department(session: Session, lines: Frame) -> tuple[Told, Told]:
    # Some groups have products of two departments: only those of the one count.
    departments = lines.groupby("group")["department"].nunique()
    shared = lines[lines["group"].isin(departments[departments > 1].index)]
    name = _biggest(shared, "department")
    asked = _asked(By.GROUP, department_id=_id(session, Department, Department.name, name))
    return _report(session, asked), _by(lines[lines["department"] == name], "group")


def _club(session: Session) -> int:
    assert session.scalar(sa.select(sa.func.count()).select_from(MembershipPeriod))
    return session.scalars(sa.select(Membership.club_id).distinct()).one()


def _members(session: Session, lines: Frame) -> tuple[Told, Told]:
    return _report(session, _asked(By.MONTH, club_id=_club(session))), _months(lines[lines["member"]])


def _clubs(session: Session, lines: Frame) -> tuple[Told, Told]:
    told = _report(session, _asked(By.CLUB)) | {"total": _told(total(session, _asked(By.CLUB, club_id=_club(session))))}
    of_club = _figures(lines[lines["member"]])
    code = session.scalars(sa.select(Club.code).where(Club.id == _club(session))).one()
    return told, {code: of_club, NOTHING: _figures(lines[~lines["member"]]), "total": of_club}


def _page_of_customers(session: Session, lines: Frame) -> tuple[Told, Told]:
    rows, count = listing(session, _asked(By.CUSTOMER), sort="average", descending=True, limit=20)
    assert count == lines["customer_number"].nunique()
    told = {row.code: _told(row.figures) for row in rows if row.key}
    return told, _by(lines[lines["customer_number"].isin(list(told))], "customer_number")


def _groups_of_members(session: Session, lines: Frame) -> tuple[Told, Told]:
    asked = _asked(By.GROUP, club_id=_club(session))
    return _report(session, asked), _by(lines[lines["member"]], "group")


def _page_of_members_products(session: Session, lines: Frame) -> tuple[Told, Told]:
    asked = _asked(By.PRODUCT, club_id=_club(session))
    rows, count = listing(session, asked, sort="receipts", descending=True, limit=20)
    mine = lines[lines["member"]]
    assert count == mine["sku"].nunique()
    told = {row.code: _told(row.figures) for row in rows}
    return told, _by(mine[mine["sku"].isin(list(told))], "sku")


def _groups_around_a_year(session: Session, lines: Frame) -> tuple[Told, Told]:
    asked = replace(_asked(By.GROUP), first=FIRST - dt.timedelta(days=20), last=LAST + dt.timedelta(days=20))
    return _report(session, asked), _by(lines, "group")


def _departments_of_product(session: Session, lines: Frame) -> tuple[Told, Told]:
    sku = _biggest(lines, "sku")
    asked = _asked(By.DEPARTMENT, product_id=_id(session, Product, Product.sku, sku))
    told = _report(session, asked)
    assert len(told) == 1
    return told | {"": ()}, _by(lines[lines["sku"] == sku], "department") | {"": ()}


def _narrowest(session: Session, lines: Frame) -> tuple[Frame, dict[str, int]]:
    """The lines of a brand in a department that share some receipts with others of each, and how to ask for them."""
    lines = lines[(lines["department"] != NOTHING) & (lines["brand"] != NOTHING)]
    department, brand = lines.groupby(["department", "brand"])["amount"].sum().idxmax()
    mine = lines[(lines["department"] == department) & (lines["brand"] == brand)]
    return mine, {
        "department_id": _id(session, Department, Department.name, department),
        "brand_id": _id(session, Brand, Brand.name, brand),
    }


def _mixed(by: By, key: Any, *kinds: str, members: bool = False, thirds: bool = False) -> Case:
    """Rows of lines that are narrowed by some kinds of goods, of a club's members or a segment."""

    def case(session: Session, lines: Frame) -> tuple[Told, Told]:
        mine, ids = _narrowest(session, lines)
        names = {kind: mine[kind].iloc[0] for kind in kinds}
        asked = _asked(by, **{f"{kind}_id": ids[f"{kind}_id"] for kind in kinds})
        for kind, name in names.items():
            lines = lines[lines[kind] == name]
        if members:
            asked, lines = replace(asked, club_id=_club(session)), lines[lines["member"]]
        if thirds:
            segment = session.scalars(sa.select(Segment.id)).one()
            asked, lines = replace(asked, segment_id=segment), lines[lines["third"]]
        told, made = _report(session, asked), _by(lines, key(lines) if callable(key) else key)
        return told, _days(made) if by in TIMES else made

    return case


def _cashiers(session: Session, lines: Frame) -> tuple[Told, Told]:
    # Nobody is named on what was taken in from files: one row, and the total beside it.
    mine, ids = _narrowest(session, lines)
    asked = _asked(By.CASHIER, **ids)
    told = _report(session, asked) | {"total": _told(total(session, asked))}
    return told, {NOTHING: _figures(mine), "total": _figures(mine)}


def _page_by_buyers(session: Session, lines: Frame) -> tuple[Told, Told]:
    rows, count = listing(session, _asked(By.PRODUCT), sort="buyers", descending=True, limit=20)
    with pytest.MonkeyPatch.context() as fewer:
        fewer.setattr(buying, "LIKELY", 1)
        assert listing(session, _asked(By.PRODUCT), sort="buyers", descending=True, limit=20) == (rows, count)
    bought = lines[(lines["customer_number"] != "") & (lines["quantity"] >= 0)]
    buyers = bought.groupby("sku")["customer_number"].nunique()
    assert count == lines["sku"].nunique()
    assert [row.figures.buyers for row in rows] == sorted(buyers, reverse=True)[:20]
    told = {row.code: _told(row.figures) for row in rows}
    return told, _by(lines[lines["sku"].isin(list(told))], "sku")


def _month_of(lines: Frame) -> Any:
    return lines["day"].dt.to_period("M").dt.start_time


def _segment(session: Session, lines: Frame) -> tuple[Told, Told]:
    segment = session.scalars(sa.select(Segment.id)).one()
    return _report(session, _asked(By.DEPARTMENT, segment_id=segment)), _by(lines[lines["third"]], "department")


def _customers(session: Session, lines: Frame) -> tuple[Told, Told]:
    told = _report(session, _asked(By.CUSTOMER))
    known = lines[lines["customer_number"] != ""]
    # Those of nobody known stand in a row of their own.
    return {key: value for key, value in told.items() if value[-2]}, _by(known, "customer_number")


def _nearly(case: Case) -> Case:
    def of_nearly_a_year(session: Session, lines: Frame) -> tuple[Told, Told]:
        with pytest.MonkeyPatch.context() as other_days:
            for name, day in NEARLY.items():
                other_days.setitem(DAYS, name, day)
            return case(session, _within(lines))

    return of_nearly_a_year


def _within(lines: Frame) -> Frame:
    return lines[lines["day"].between(*(pd.Timestamp(day) for day in NEARLY.values()))]


CASES: dict[str, Case] = {
    "months": lambda session, lines: (_report(session, _asked(By.MONTH)), _months(lines)),
    "weeks": lambda session, lines: (_report(session, _asked(By.WEEK)), _weeks(lines)),
    "days": lambda session, lines: (_report(session, _asked(By.DAY)), _days(_by(lines, "day"))),
    "stores": lambda session, lines: (_report(session, _asked(By.STORE)), _by(lines, "store")),
    "departments": lambda session, lines: (_report(session, _asked(By.DEPARTMENT)), _by(lines, "department")),
    "groups": lambda session, lines: (_report(session, _asked(By.GROUP)), _by(lines, "group")),
    "brands": lambda session, lines: (_report(session, _asked(By.BRAND)), _by(lines, "brand")),
    "products of the biggest department": _products_of_department,
    "a page of the products": _page_of_products,
    "months of the biggest group": _of_group,
    "stores of the biggest product": _of_product_in_stores,
    "groups of the biggest store": _groups_of_store,
    "groups of a department": _groups_of_department,
    "departments of the biggest product": _departments_of_product,
    "groups of a year and some days": _groups_around_a_year,
    "brands of a department": _mixed(By.BRAND, "brand", "department"),
    "departments of a brand": _mixed(By.DEPARTMENT, "department", "brand"),
    "groups of a brand": _mixed(By.GROUP, "group", "brand"),
    "groups of a brand in a department": _mixed(By.GROUP, "group", "brand", "department"),
    "months of a brand in a department": _mixed(By.MONTH, _month_of, "brand", "department"),
    "stores of a brand in a department": _mixed(By.STORE, "store", "brand", "department"),
    "brands of a department for a club's members": _mixed(By.BRAND, "brand", "department", members=True),
    "groups of a department for a club's members": _mixed(By.GROUP, "group", "department", members=True),
    "groups of a brand for a segment": _mixed(By.GROUP, "group", "brand", thirds=True),
    "customers of a brand in a department for a segment": _mixed(
        By.CUSTOMER, "customer_number", "brand", "department", thirds=True
    ),
    "cashiers of a brand in a department": _cashiers,
    "a page of the products by their buyers": _page_by_buyers,
    "customers": _customers,
    "a page of the customers": _page_of_customers,
    "clubs": _clubs,
    "months of a club's members": _members,
    "groups of a club's members": _groups_of_members,
    "a page of the products of a club's members": _page_of_members_products,
    "departments of a segment": _segment,
    **{
        f"{what} of nearly a year": _nearly(case)
        for what, case in (
            ("products", _page_of_products),
            ("a club's products", _page_of_members_products),
            ("products by their buyers", _page_by_buyers),
            ("customers", _page_of_customers),
            ("clubs", _clubs),
        )
    },
}


@pytest.mark.parametrize("name", CASES)
def test_a_report_says_what_pandas_makes_of_the_files(books: tuple[Session, Frame], name: str):
    told, expected = CASES[name](*books)
    assert told == expected
    assert len(told) > 1


def test_the_total_says_what_pandas_makes_of_the_files(books: tuple[Session, Frame]):
    session, lines = books
    assert _told(total(session, _asked(By.MONTH))) == _figures(lines)


SECOND_HALF = Asked(by=By.MONTH, first=dt.date(2017, 7, 1), last=LAST)


def _bought(lines: Frame) -> Frame:
    return lines[(lines["customer_number"] != "") & (lines["quantity"] >= 0)]


def test_who_is_new_and_who_stayed_away_is_what_pandas_makes_of_the_files(books: tuple[Session, Frame]):
    session, lines = books
    bought, half = _bought(lines), pd.Timestamp(SECOND_HALF.first)
    now = set(bought[bought["day"] >= half]["customer_number"])
    then = set(bought[bought["day"] < half]["customer_number"])
    found = habits.movement(session, SECOND_HALF)
    expected = (len(now), len(now - then), len(now & then), len(then - now), len(then))
    assert (found.buyers, found.new, found.returning, found.lost, found.bought_before) == expected


def test_how_often_customers_buy_is_what_pandas_makes_of_the_files(books: tuple[Session, Frame]):
    session, lines = books
    for asked, within in (
        (_asked(By.MONTH), lines),
        (replace(_asked(By.MONTH), **NEARLY), _within(lines)),
    ):
        times = _bought(within).groupby("customer_number")["receipt"].nunique()
        for row in habits.frequency(session, asked):
            assert row.customers == int(times.between(row.least, row.most or 10**9).sum())


def test_the_tenths_add_up_to_the_sales_of_known_buyers(books: tuple[Session, Frame]):
    session, lines = books
    spent = lines[lines["customer_number"] != ""].groupby("customer_number")["amount"].sum()
    rows = habits.tenths(session, _asked(By.MONTH))
    assert sum(row.sales_minor for row in rows) == int(spent.sum())
    assert rows[0].sales_minor == int(spent.nlargest(rows[0].customers).sum())
    assert rows[-1].cumulated_bp == 10_000


def test_cohorts_are_what_pandas_makes_of_the_files(books: tuple[Session, Frame]):
    session, lines = books
    bought = _bought(lines).copy()
    bought["month"] = bought["day"].dt.to_period("M")
    first = bought.groupby("customer_number")["month"].min().rename("began")
    pairs = bought.merge(first, on="customer_number")
    counts = pairs.groupby(["began", "month"])["customer_number"].nunique()
    found = habits.cohorts(session, _asked(By.MONTH))
    assert [row.month for row in found] == [began.start_time.date() for began in sorted(set(first))]
    for row in found:
        began = pd.Period(row.month, "M")
        assert row.bought == tuple(
            int(counts.get((began, began + pd.offsets.MonthEnd(n)), 0)) for n in range(len(row.bought))
        )
