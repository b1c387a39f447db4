"""What can't be sold, and what a receipt earned and was given by offers."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from erp_club.clubs.models import Club
from erp_club.points.kinds import MovementKind
from erp_club.points.units import Unit, unit_of
from erp_club.promotions.coupons.models import Coupon, CouponBatch
from erp_club.promotions.models import OfferVersion, StoredOffer
from erp_club.receipts.models import ReceiptDiscount, ReceiptMissedSaving, ReceiptOffer


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose account it is: the buyer left the household since."""

    customer_id: int
    number: str
    name: str


@dataclass(frozen=True, slots=True)
class MovedRow:
    """What a club's account gained by a receipt (below 0: gave back) or paid of it (above 0), and its balance then.

    `whose` where the account isn't the buyer's by now.
    """

    names: dict[str, str]
    points: int
    balance: int
    whose: Whose | None
    unit: Unit


@dataclass(frozen=True, slots=True)
class MovedRows:
    """The points that a receipt earned and used, by club."""

    earned: tuple[MovedRow, ...]
    spent: tuple[MovedRow, ...]


def moved_by(session: Session, customer_id: int, receipt_id: int, *, member_id: int) -> MovedRows:
    """The points of a receipt by club, in whatever accounts; `member_id` is whose purchase it is by now."""
    given = {"customer": customer_id, "receipt": receipt_id, "member": member_id, "kinds": _KINDS}
    rows = session.execute(_MOVED, given).all()
    after, used = {row.account_id: row.balance_after for row in rows}, MovementKind.REDEEMED
    told = [
        (
            row.kind,
            MovedRow(
                row.names,
                -row.points if row.kind == used else row.points,
                after[row.account_id] if row.kind == used else row.balance_after,
                Whose(row.whose_id, row.number, row.name) if row.whose_id else None,
                unit_of(row.unit),
            ),
        )
        for row in rows
    ]
    return MovedRows(tuple(row for kind, row in told if kind != used), tuple(row for kind, row in told if kind == used))


# Of a return: what it took back, and what it gave back.
_KINDS = [MovementKind.EARNED, MovementKind.REDEEMED, MovementKind.RETURNED, MovementKind.REFUNDED]
# The buyer's own movements lie together, and those in accounts of others have an index: of whoever shared one then, or
# registered the purchase. What was merged away is of the club of its heir.
_MOVED = sa.text(
    """
    SELECT b.names, b.unit, m.kind, m.account_id, m.points, m.balance_after, w.id AS whose_id, w.number,
           btrim(concat_ws(' ', w.given_name, w.family_name)) AS name
      FROM (SELECT * FROM points_movements o WHERE o.customer_id = :customer AND o.by_customer_id = :customer
             UNION ALL
            SELECT * FROM points_movements o WHERE o.customer_id <> o.by_customer_id AND o.by_customer_id = :customer
           ) AS m
     CROSS JOIN LATERAL (
           WITH RECURSIVE led AS (
                SELECT a.customer_id, a.id, a.heir_holder_id, a.heir_id FROM points_accounts a
                 WHERE (a.customer_id, a.id) = (m.customer_id, m.account_id)
                 UNION
                SELECT a.customer_id, a.id, a.heir_holder_id, a.heir_id
                  FROM led JOIN points_accounts a ON (a.customer_id, a.id) = (led.heir_holder_id, led.heir_id))
           SELECT led.customer_id, led.id FROM led WHERE led.heir_id IS NULL) AS heir
     CROSS JOIN LATERAL (
           SELECT j.club_id, EXISTS (
                  SELECT FROM memberships o WHERE o.points_account_id = heir.id AND o.customer_id IN (
                         SELECT coalesce(c.merged_into, c.id) FROM customers c WHERE c.id = :member)) AS theirs
             FROM memberships j WHERE j.points_account_id = heir.id LIMIT 1) AS j
      JOIN clubs b ON b.id = j.club_id
      LEFT JOIN customers w ON w.id = heir.customer_id AND NOT j.theirs
     WHERE m.receipt_id = :receipt AND m.kind = ANY(:kinds)
     ORDER BY b.code, m.customer_id, m.account_id, m.seq
    """
)


@dataclass(frozen=True, slots=True)
class OfferRow:
    """What an offer gave on a receipt, with its words in the version that priced it."""

    code: str
    version: int
    names: dict[str, str]
    receipt_message: dict[str, str]
    times: int
    amount_minor: int
    points: int
    points_used: int
    coupon: str | None


@dataclass(frozen=True, slots=True)
class DiscountRow:
    """What an offer took off a line."""

    line_no: int
    offer: str
    amount_minor: int
    units_milli: int


@dataclass(frozen=True, slots=True)
class IssuedRow:
    """A coupon for the next purchase that was issued with a receipt; its batch's names, and its last day if any."""

    code: str
    names: dict[str, str]
    last_day: dt.date | None


@dataclass(frozen=True, slots=True)
class MissedRow:
    """What a membership would have saved."""

    club: str
    club_id: int
    names: dict[str, str]
    amount_minor: int


@dataclass(frozen=True, slots=True)
class GivenRows:
    """All that offers gave on a receipt."""

    offers: tuple[OfferRow, ...]
    discounts: tuple[DiscountRow, ...]
    issued: tuple[IssuedRow, ...]
    missed: MissedRow | None


def given_on(session: Session, customer_id: int, receipt_id: int) -> GivenRows:
    """What offers gave on a receipt, with one query; nothing for one that a file brought."""
    offers, discounts, issued, missed = session.execute(_GIVEN, {"customer": customer_id, "receipt": receipt_id}).one()
    return GivenRows(
        offers=tuple(OfferRow(*each) for each in offers or ()),
        discounts=tuple(DiscountRow(*each) for each in discounts or ()),
        issued=tuple(
            IssuedRow(code, names, dt.date.fromisoformat(last) if last else None) for code, names, last in issued or ()
        ),
        missed=MissedRow(*missed) if missed else None,
    )


_CUSTOMER = sa.bindparam("customer", type_=sa.BigInteger)
_RECEIPT = sa.bindparam("receipt", type_=sa.BigInteger)


def _rows(statement: sa.Select[*tuple[Any, ...]], order: tuple[Any, ...], *told: Any) -> sa.ScalarSelect[Any]:
    rows = aggregate_order_by(sa.func.json_build_array(*told), *order)
    return statement.with_only_columns(sa.func.json_agg(rows)).scalar_subquery()


def _of_receipt(table: type[ReceiptOffer | ReceiptDiscount]) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(table.offer_id)
        .join(StoredOffer, StoredOffer.id == table.offer_id)
        .where(table.customer_id == _CUSTOMER, table.receipt_id == _RECEIPT)
    )


def _given() -> sa.Select[*tuple[Any, ...]]:
    version = (OfferVersion.offer_id == ReceiptOffer.offer_id) & (OfferVersion.version_no == ReceiptOffer.version_no)
    offers = _rows(
        _of_receipt(ReceiptOffer).join(OfferVersion, version),
        (StoredOffer.code,),
        StoredOffer.code,
        ReceiptOffer.version_no,
        OfferVersion.document["names"],
        sa.func.coalesce(OfferVersion.document["receipt_message"], sa.text("'{}'::jsonb")),
        ReceiptOffer.times,
        ReceiptOffer.amount_minor,
        ReceiptOffer.points,
        ReceiptOffer.points_used,
        ReceiptOffer.coupon,
    )
    discounts = _rows(
        _of_receipt(ReceiptDiscount),
        (ReceiptDiscount.line_no, StoredOffer.code),
        ReceiptDiscount.line_no,
        StoredOffer.code,
        ReceiptDiscount.amount_minor,
        ReceiptDiscount.units_milli,
    )
    issued = _rows(
        sa.select(Coupon.id)
        .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
        .where(
            Coupon.receipt_customer_id == _CUSTOMER,
            Coupon.receipt_id == _RECEIPT,
        ),
        (Coupon.id,),
        Coupon.code,
        CouponBatch.names,
        sa.func.coalesce(Coupon.last_day, CouponBatch.valid_to),
    )
    told = sa.func.json_build_array(Club.code, Club.id, Club.names, ReceiptMissedSaving.amount_minor)
    missed = (
        sa.select(told)
        .select_from(ReceiptMissedSaving)
        .join(Club, Club.id == ReceiptMissedSaving.club_id)
        .where(ReceiptMissedSaving.customer_id == _CUSTOMER, ReceiptMissedSaving.receipt_id == _RECEIPT)
        .scalar_subquery()
    )
    return sa.select(offers, discounts, issued, missed)


_GIVEN = _given()
