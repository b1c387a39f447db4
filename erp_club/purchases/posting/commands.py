"""The one statement that posts a sale: number, receipt, lines, payments, and its points.

Everything hangs on the receipt's number, which is unique in its store: where it is taken, nothing is written and no row
comes back. `points.commands` has what moves points.

The statement is built once and never changes, so that Core compiles it and PostgreSQL plans it once; lists travel as
arrays.
"""

import datetime as dt
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.selectable import CTE

from erp_club.clubs.earning.account import Earning
from erp_club.customers.queries import family_of
from erp_club.kernel.db import Base
from erp_club.kernel.errors import Conflict
from erp_club.kernel.prepared import Prepared
from erp_club.kernel.text import T
from erp_club.permissions.actors import Actor
from erp_club.points import errors as points
from erp_club.points.units import Unit
from erp_club.programmes.events.models import ProgrammeEvent
from erp_club.promotions.models import StoredOffer
from erp_club.purchases import sale as sales
from erp_club.purchases.posting.points.commands import earned_points, earning_accounts, values_of
from erp_club.purchases.posting.spending.commands import (
    LOCK,
    ONE,
    checked,
    moved_accounts,
    moved_points,
)
from erp_club.purchases.posting.spending.commands import values_of as values_of_spending
from erp_club.purchases.posting.values import NUMBERS, WORDS, arrays, given, number, numbers, some_numbers
from erp_club.purchases.sale import Sale
from erp_club.purchases.spending import Spending
from erp_club.receipts.kinds import ReceiptSource
from erp_club.receipts.models import (
    Receipt,
    ReceiptDiscount,
    ReceiptLine,
    ReceiptMissedSaving,
    ReceiptNumber,
    ReceiptOffer,
    ReceiptPayment,
)


def _insert(table: type[Base], name: str, rows: sa.FromClause, /, **values: Any) -> CTE:
    """Rows of a table, one for each of the given rows."""
    return sa.insert(table).from_select(list(values), sa.select(*values.values()).select_from(rows)).cte(name)


def _taken(*, unless: CTE | None = None) -> CTE:
    """Take the receipt's number in its store; no row where it is taken, or where `unless` has any."""
    values = {
        "store_id": given("store_id"),
        "receipt_no": given("receipt_no", sa.Text()),
        "customer_id": given("customer_id"),
        "receipt_id": sa.func.nextval(sa.literal_column("'receipts_id_seq'")),
        "content_hash": given("content_hash", sa.LargeBinary()),
    }
    row = sa.select(*values.values())
    if unless is not None:
        row = row.where(~sa.exists(sa.select(unless.c.account_id)))
    inserted = insert(ReceiptNumber).from_select(list(values), row).on_conflict_do_nothing()
    return inserted.returning(ReceiptNumber.customer_id, ReceiptNumber.receipt_id).cte("taken")


def _place() -> dict[str, Any]:
    return {name: given(name) for name in ("store_id", "terminal_id", "staff_id")}


def _receipt(taken: CTE) -> CTE:
    amounts = {name: given(name) for name in ("list_minor", "total_minor", "rounding_minor")}
    return _insert(
        Receipt,
        "receipt",
        taken,
        customer_id=taken.c.customer_id,
        id=taken.c.receipt_id,
        **_place(),
        receipt_no=given("receipt_no", sa.Text()),
        sold_at=given("sold_at", sa.DateTime(timezone=True)),
        sold_on=given("sold_on", sa.Date()),
        **amounts,
        source=sa.literal_column(f"'{ReceiptSource.TILL.value}'"),
    )


def _parts(table: type[Base], name: str, taken: CTE, numbered: str, **columns: sa.types.TypeEngine[Any]) -> CTE:
    """The receipt's lines or payments, counted from 1 in the order of their arrays."""
    rows = arrays(name, numbered, **columns)
    values = {column: rows.c[column] for column in (numbered, *columns)}
    key = {"customer_id": taken.c.customer_id, "receipt_id": taken.c.receipt_id}
    return _insert(table, f"{name}s", taken.join(rows, sa.true()), **key, **values)


def _given_by_offers(taken: CTE) -> tuple[CTE, ...]:
    """What offers gave, by offer and by line, and what a membership would have saved."""
    key = {"customer_id": taken.c.customer_id, "receipt_id": taken.c.receipt_id}
    amounts = ("version_no", "times", "amount_minor", "points", "points_used")
    offer = arrays("offer", None, code=WORDS, **dict.fromkeys(amounts, NUMBERS), coupon=WORDS)
    discount = arrays("discount", None, line_no=NUMBERS, code=WORDS, amount_minor=NUMBERS, units_milli=NUMBERS)
    missed = arrays("missed", None, club_id=NUMBERS, amount_minor=NUMBERS)
    return (
        _insert(
            ReceiptOffer,
            "receipt_offer",
            taken.join(offer, sa.true()).join(StoredOffer, StoredOffer.code == offer.c.code),
            **key,
            offer_id=StoredOffer.id,
            **{name: offer.c[name] for name in (*amounts, "coupon")},
        ),
        _insert(
            ReceiptDiscount,
            "receipt_discount",
            taken.join(discount, sa.true()).join(StoredOffer, StoredOffer.code == discount.c.code),
            **key,
            offer_id=StoredOffer.id,
            **{name: discount.c[name] for name in ("line_no", "amount_minor", "units_milli")},
        ),
        _insert(ReceiptMissedSaving, "receipt_missed", taken.join(missed, sa.true()), **key, **dict(missed.c.items())),
    )


def _awaited() -> sa.ColumnElement[bool]:
    """Whether anything is given once this customer buys: it costs the statement no more than a look at few rows."""
    event, customer = ProgrammeEvent, given("customer_id")
    return sa.exists().where(event.waits, event.awaited_id.in_(family_of(customer))).label("awaited")


def _build(*, offers: bool) -> sa.Select[Any, Any, Any, Any]:
    taken = _taken()
    account = earning_accounts(taken)
    return (
        sa.select(taken.c.receipt_id, account.c.id.label("account_id"), account.c.balance, _awaited())
        .select_from(taken.outerjoin(account, sa.true()))
        .add_cte(*_written(taken, offers=offers), *earned_points(taken, account))
    )


def _build_spending() -> sa.Select[Any]:
    checks = checked()
    taken = _taken(unless=checks.refused)
    account = moved_accounts(taken, checks)
    one = sa.select(ONE.label("one")).subquery("one")
    told = one.outerjoin(checks.refused, sa.true()).outerjoin(taken, sa.true()).outerjoin(account, sa.true())
    return (
        sa.select(
            taken.c.receipt_id, account.c.id.label("account_id"), account.c.balance, _awaited(), *checks.refused.c
        )
        .select_from(told)
        .add_cte(*_written(taken, offers=True), *moved_points(taken, account, checks))
    )


def _written(taken: CTE, *, offers: bool) -> tuple[CTE, ...]:
    """The receipt with its parts."""
    numbers_of = ("product_id", "quantity_milli", "list_minor", "amount_minor", "vat_bp")
    columns: dict[str, sa.types.TypeEngine[Any]] = dict.fromkeys(numbers_of, NUMBERS)
    if offers:
        columns |= {"regular_minor": NUMBERS, "price_list": WORDS, "tax_minor": NUMBERS, "added": ARRAY(sa.Boolean)}
    lines = _parts(ReceiptLine, "line", taken, "line_no", **columns)
    payments = _parts(ReceiptPayment, "payment", taken, "payment_no", means=WORDS, amount_minor=NUMBERS, called=WORDS)
    return (_receipt(taken), lines, payments, *(_given_by_offers(taken) if offers else ()))


POST = Prepared(_build(offers=False))
"""Rows (receipt, account, balance, awaited): one for each account that earned, else one with None for the account; no
row where the store has the receipt already."""
POST_WITH_OFFERS = Prepared(_build(offers=True))
"""The same for a sale that offers or price lists have touched: most aren't, and needn't carry what only these have."""


POST_SPENDING = Prepared(_build_spending())
"""The same for a sale that points pay for. A row without a receipt names the account that hasn't enough, if one hasn't.

Never run without `LOCK` before it.
"""


@dataclass(frozen=True, slots=True)
class Earned:
    """What one club's account gained, and the balance after it."""

    names: Mapping[str, str]
    points: int
    balance: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Posted:
    """A posted sale."""

    receipt_id: int
    customer_id: int
    receipt_no: str
    total_minor: int
    rounding_minor: int
    earned: tuple[Earned, ...]
    spent: tuple[Earned, ...] = ()
    """What each club's account paid, above 0, with the balance after the sale."""
    awaited: bool = False
    """Something is given once this customer buys."""


def write_sale(
    connection: sa.Connection, sale: Sale, earning: Sequence[tuple[Earning, int]], *, now: dt.datetime, by: Actor
) -> Posted:
    """Write a checked sale and the points (above 0) that each club's account gains by it, in one statement.

    Raises Conflict `receipt-exists` where the store has this receipt number, and `customer-merged` where the customer
    became another one between the prices and now.
    """
    values = _values(sale, now=now, by=by) | values_of(sale, earning)
    with _of_one_person():
        if sale.is_plain:
            rows = POST.execute(connection, values).rows
        else:
            rows = POST_WITH_OFFERS.execute(connection, values | _values_of_offers(sale)).rows
    if not rows:
        raise _receipt_exists(sale)
    return _posted(sale, rows, earned=earning)


def write_sale_with_points(
    connection: sa.Connection, sale: Sale, spending: Sequence[Spending], *, now: dt.datetime, by: Actor
) -> Posted:
    """Write a checked sale that points pay for, with what it earns: its accounts are locked in the same round trip.

    Raises Conflict `receipt-exists`, `customer-merged`, `points-too-few`, `points-balance-low` or `points-day-limit`;
    nothing is written then.
    """
    moved = values_of_spending(spending, sale.sold_on)
    values = _values(sale, now=now, by=by) | _values_of_offers(sale) | moved
    with _of_one_person():
        rows = POST_SPENDING.execute(connection, values, after=(LOCK, moved)).rows
    receipt_id, _, _, _, refused, problem, available, left_today = rows[0]
    if refused is not None:
        account = next(each for each in spending if each.account.points_account_id == refused)
        raise _refusal(account, problem, available, left_today)
    if receipt_id is None:
        raise _receipt_exists(sale)
    told = [row[:4] for row in rows]
    earned = [(each.account, each.earned) for each in spending]
    return _posted(sale, told, earned=earned, spent=[(each.account, each.spent) for each in spending])


@contextmanager
def _of_one_person() -> Generator[None]:
    """The database refuses points to an account that was merged away since the sale had found it."""
    try:
        yield
    except IntegrityError as error:
        if "ck_points_accounts_heir_has_all" not in str(error.orig):
            raise
        raise Conflict(
            T("This customer was merged with another one just now. Identify the customer again."),
            code="customer-merged",
        ) from error


def _refusal(account: Spending, problem: str, available: int, left_today: int | None) -> Conflict:
    limits, unit = account.account.rules.redemption, account.account.unit
    if problem == "balance" and limits is not None:
        return points.balance_low(available, limits.min_balance, unit=unit)
    if problem == "day":
        return points.day_limit(left_today or 0, unit=unit)
    return points.too_few(available, account.spent, unit=unit)


def _receipt_exists(sale: Sale) -> Conflict:
    return Conflict(
        T("This store already has a receipt with the number %(number)s.", number=sale.receipt_no),
        field="receipt_no",
        code="receipt-exists",
    )


def _posted(
    sale: Sale,
    rows: Sequence[Sequence[Any]],
    *,
    earned: Sequence[tuple[Earning, int]],
    spent: Sequence[tuple[Earning, int]] = (),
) -> Posted:
    balances: dict[int, int] = {account_id: balance for _, account_id, balance, _ in rows}

    def told(moved: Sequence[tuple[Earning, int]]) -> tuple[Earned, ...]:
        return tuple(
            [Earned(club.names, each, balances[club.points_account_id], club.unit) for club, each in moved if each]
        )

    return Posted(
        receipt_id=rows[0][0],
        customer_id=sale.customer_id,
        receipt_no=sale.receipt_no,
        total_minor=sale.total_minor,
        rounding_minor=sale.rounding_minor,
        earned=told(earned),
        spent=told(spent),
        awaited=bool(rows[0][3]),
    )


def _values(sale: Sale, *, now: dt.datetime, by: Actor) -> dict[str, Any]:
    lines, payments = sale.lines, sale.payments
    return {
        "sale_store_id": number(sale.store_id),
        "sale_terminal_id": number(sale.terminal_id),
        "sale_staff_id": number(by.staff_id),
        "sale_customer_id": number(sale.customer_id),
        "sale_receipt_no": sale.receipt_no,
        "sale_content_hash": sales.content_hash(sale),
        "sale_sold_at": sale.sold_at,
        "sale_sold_on": sale.sold_on,
        "sale_at": now,
        "sale_list_minor": number(sale.list_minor),
        "sale_total_minor": number(sale.total_minor),
        "sale_rounding_minor": number(sale.rounding_minor),
        "line_product_id": numbers([line.product_id for line in lines]),
        "line_quantity_milli": numbers([line.quantity_milli for line in lines]),
        "line_list_minor": numbers([line.list_minor for line in lines]),
        "line_amount_minor": numbers([line.amount_minor for line in lines]),
        "line_vat_bp": numbers([line.vat_bp for line in lines]),
        "payment_means": [payment.means.value for payment in payments],
        "payment_amount_minor": numbers([payment.amount_minor for payment in payments]),
        "payment_called": [payment.called or None for payment in payments],
    }


def _values_of_offers(sale: Sale) -> dict[str, Any]:
    lines, offers, discounts = sale.lines, sale.given.offers, sale.given.discounts
    missed = [sale.given.missed] if sale.given.missed else []
    return {
        "line_regular_minor": some_numbers([line.regular_minor for line in lines]),
        "line_price_list": [line.price_list for line in lines],
        "line_tax_minor": some_numbers([line.tax_minor for line in lines]),
        "line_added": [line.added for line in lines],
        "offer_code": [each.offer for each in offers],
        "offer_version_no": numbers([each.version for each in offers]),
        "offer_times": numbers([each.times for each in offers]),
        "offer_amount_minor": numbers([each.amount_minor for each in offers]),
        "offer_points": numbers([each.points for each in offers]),
        "offer_points_used": numbers([each.points_used for each in offers]),
        "offer_coupon": [each.coupon for each in offers],
        "discount_line_no": numbers([each.line_no for each in discounts]),
        "discount_code": [each.offer for each in discounts],
        "discount_amount_minor": numbers([each.amount_minor for each in discounts]),
        "discount_units_milli": numbers([each.units_milli for each in discounts]),
        "missed_club_id": numbers([club_id for club_id, _ in missed]),
        "missed_amount_minor": numbers([amount for _, amount in missed]),
    }
