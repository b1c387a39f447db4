"""Coupons that are out, as head office sees them: those of a batch or a customer, and one with all its uses."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.kernel.reading import in_portions
from erp_club.organisation.models import Store
from erp_club.permissions.models import Staff
from erp_club.promotions.coupons import errors
from erp_club.promotions.coupons.batches.queries import BatchRow
from erp_club.promotions.coupons.codes import is_code, normalised
from erp_club.promotions.coupons.kinds import BatchState, CouponState
from erp_club.promotions.coupons.models import Coupon, CouponBatch, CouponCode, CouponReservation, CouponUse
from erp_club.promotions.coupons.queries import FIRST_DAY, IS_SPENT, LAST_DAY
from erp_club.receipts.models import Receipt


class Standing(StrEnum):
    """Where a coupon stands at a moment; the first that fits."""

    BLOCKED = "blocked"
    SPENT = "spent"
    EXPIRED = "expired"
    COMING = "coming"
    HELD = "held"
    OPEN = "open"


_RANK = {standing: place for place, standing in enumerate(Standing)}


@dataclass(frozen=True, slots=True)
class CouponRow:
    """A coupon with its batch and whose it is: `customer_id` 0 is whoever brings it. `last_day` is included."""

    id: int
    code: str
    customer_id: int
    customer_number: str
    customer_name: str
    batch_id: int
    batch_code: str
    names: Mapping[str, str]
    uses: int
    used: int
    worth_minor: int | None
    given_minor: int
    first_day: dt.date | None
    last_day: dt.date | None
    blocked: bool
    taken_back: bool
    issued_at: dt.datetime
    issued_by: str | None
    receipt_id: int | None
    receipt_no: str | None
    standing: Standing


@dataclass(frozen=True, slots=True)
class CouponFilters:
    """Which coupons; None means any. `code` is a code or its beginning, `customer` a customer's number."""

    today: dt.date
    now: dt.datetime
    batch: BatchRow | None = None
    customer_id: int | None = None
    code: str | None = None
    customer: str | None = None
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class UseRow:
    """A use: what it gave, on which receipt, whose and where."""

    use_no: int
    at: dt.datetime
    given_minor: int
    receipt_id: int
    receipt_no: str
    customer_id: int
    customer_number: str
    store: str
    staff: str | None


def coupon(session: Session, coupon_id: int, *, today: dt.date, now: dt.datetime) -> CouponRow:
    """One coupon. Raises NotFound."""
    row = session.execute(_select(today, now).where(Coupon.id == coupon_id)).one_or_none()
    if row is None:
        raise errors.no_coupon()
    return _coupon(row)


def id_by_code(session: Session, text: str) -> int | None:
    """The coupon whose code this is, however it is typed; None where there is none."""
    code = normalised(text)
    if not is_code(code):
        return None
    return session.scalar(sa.select(CouponCode.coupon_id).where(CouponCode.code == code))


def listing(session: Session, filters: CouponFilters, *, descending: bool, offset: int, limit: int) -> list[CouponRow]:
    """The coupons of one page in the order in which they were issued."""
    return [
        _coupon(row) for row in session.execute(_ordered(filters, descending=descending).offset(offset).limit(limit))
    ]


def count(session: Session, filters: CouponFilters, *, most: int) -> int:
    """How many coupons match, counted no further than `most`."""
    found = (
        sa.select(Coupon.id)
        .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
        .where(*_where(filters))
        .limit(most)
        .subquery()
    )
    return session.scalar(sa.select(sa.func.count()).select_from(found)) or 0


def every(session: Session, filters: CouponFilters, *, descending: bool) -> Iterator[CouponRow]:
    """All that match, read in portions."""
    for row in in_portions(session, _ordered(filters, descending=descending)):
        yield _coupon(row)


def uses(session: Session, coupon_id: int) -> list[UseRow]:
    """The uses of a coupon, the newest first."""
    rows = session.execute(
        sa.select(
            CouponUse.use_no,
            CouponUse.at,
            CouponUse.given_minor,
            CouponUse.receipt_id,
            Receipt.receipt_no,
            CouponUse.receipt_customer_id,
            Customer.number,
            Store.name,
            Staff.name,
        )
        .join(Coupon, (Coupon.customer_id == CouponUse.customer_id) & (Coupon.id == CouponUse.coupon_id))
        .join(
            Receipt,
            (Receipt.customer_id == CouponUse.receipt_customer_id) & (Receipt.id == CouponUse.receipt_id),
        )
        .join(Customer, Customer.id == CouponUse.receipt_customer_id)
        .join(Store, Store.id == Receipt.store_id)
        .outerjoin(Staff, Staff.id == CouponUse.staff_id)
        .where(Coupon.id == coupon_id)
        .order_by(CouponUse.use_no.desc())
    )
    return [UseRow(*row) for row in rows]


def _tests(today: dt.date, now: dt.datetime) -> dict[Standing, sa.ColumnElement[bool]]:
    """What tells each standing, in the order in which they are looked at; never null."""
    held = sa.select(CouponReservation.customer_id, CouponReservation.coupon_id).where(CouponReservation.until > now)
    return {
        Standing.BLOCKED: (Coupon.state != CouponState.ACTIVE) | (CouponBatch.state == BatchState.BLOCKED),
        Standing.SPENT: IS_SPENT,
        Standing.EXPIRED: sa.func.coalesce(today > LAST_DAY, False),
        Standing.COMING: sa.func.coalesce(today < FIRST_DAY, False),
        # Few coupons are held at a time: they are read once and looked up, not asked for coupon by coupon.
        Standing.HELD: sa.tuple_(Coupon.customer_id, Coupon.id).in_(held),
    }


def _standing(today: dt.date, now: dt.datetime) -> sa.ColumnElement[str]:
    tests = _tests(today, now)
    return sa.case(*((test, standing.value) for standing, test in tests.items()), else_=Standing.OPEN.value)


def _select(today: dt.date, now: dt.datetime) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(
            Coupon.id,
            Coupon.code,
            Coupon.customer_id,
            Customer.number,
            sa.func.btrim(Customer.given_name + " " + Customer.family_name),
            CouponBatch.id,
            CouponBatch.code,
            CouponBatch.names,
            Coupon.uses,
            Coupon.used,
            Coupon.worth_minor,
            Coupon.given_minor,
            FIRST_DAY,
            LAST_DAY,
            Coupon.state != CouponState.ACTIVE,
            Coupon.state == CouponState.TAKEN_BACK,
            Coupon.issued_at,
            Staff.name,
            Coupon.receipt_id,
            Receipt.receipt_no,
            _standing(today, now).label("standing"),
        )
        .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
        .join(Customer, Customer.id == Coupon.customer_id)
        .outerjoin(Staff, Staff.id == Coupon.issued_by)
        .outerjoin(Receipt, (Receipt.customer_id == Coupon.receipt_customer_id) & (Receipt.id == Coupon.receipt_id))
    )


def _coupon(row: Any) -> CouponRow:
    return CouponRow(*row[:-1], standing=Standing(row[-1]))


def _ordered(filters: CouponFilters, *, descending: bool) -> sa.Select[*tuple[Any, ...]]:
    order = Coupon.id.desc() if descending else Coupon.id.asc()
    return _select(filters.today, filters.now).where(*_where(filters)).order_by(order)


def _where(filters: CouponFilters) -> list[sa.ColumnElement[bool]]:
    made: list[sa.ColumnElement[bool]] = []
    if filters.batch is not None:
        made.append(Coupon.batch_id == filters.batch.id)
    if filters.customer_id is not None:
        made.append(Coupon.customer_id == filters.customer_id)
    if filters.code is not None:
        beginning = CouponCode.code.startswith(normalised(filters.code), autoescape=True)
        made.append(
            sa.tuple_(Coupon.customer_id, Coupon.id).in_(
                sa.select(CouponCode.customer_id, CouponCode.coupon_id).where(beginning)
            )
        )
    if filters.customer is not None:
        number = sa.select(Customer.id).where(Customer.number == filters.customer, Customer.id != UNIDENTIFIED)
        made.append(Coupon.customer_id == number.scalar_subquery())
    if filters.standing is not None:
        made += _stands(filters.standing, filters)
    return made


def _stands(standing: Standing, filters: CouponFilters) -> list[sa.ColumnElement[bool]]:
    """What a coupon of this standing has to be, and not to be, each by itself: so that an index can find the few."""
    tests = _tests(filters.today, filters.now)
    made = [sa.not_(test) for other, test in tests.items() if _RANK[other] < _RANK[standing]]
    if standing in tests:
        made.append(tests[standing])
    batch = filters.batch
    match standing:
        case Standing.SPENT:
            made.append(Coupon.used > 0)
        case Standing.BLOCKED if batch is not None and batch.state is not BatchState.BLOCKED:
            made.append(Coupon.state != CouponState.ACTIVE)
        case Standing.EXPIRED if batch is not None and (batch.valid_to is None or batch.valid_to >= filters.today):
            made.append(Coupon.last_day < filters.today)
        case Standing.COMING if batch is not None and (batch.valid_from is None or batch.valid_from <= filters.today):
            made.append(Coupon.first_day > filters.today)
        case _:
            pass
    return made
