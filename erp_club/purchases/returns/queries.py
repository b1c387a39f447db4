"""What a return needs to know of a receipt: what was sold, paid, earned and used, and what has come back of it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.clubs.rules import points_rules
from erp_club.customers.models import UNIDENTIFIED
from erp_club.customers.queries import hold_person
from erp_club.kernel.errors import Conflict, NotFound
from erp_club.kernel.text import T
from erp_club.organisation.models import Store
from erp_club.points.kinds import MovementKind
from erp_club.points.models import PointsMovement
from erp_club.points.queries import heirs_of
from erp_club.purchases.fees.queries import IS_FEE
from erp_club.purchases.registering.queries import registered_for
from erp_club.purchases.returns.coupons.queries import issued_with, used_with
from erp_club.purchases.returns.earned.queries import as_earned, clubs_of
from erp_club.purchases.returns.facts import BY_CARDS, BY_CASH, Account, Bought, BoughtLine, Discount, Paid, Tender
from erp_club.purchases.settled import tax_in
from erp_club.receipts.kinds import Means, ReturnKind
from erp_club.receipts.models import (
    Receipt,
    ReceiptDiscount,
    ReceiptLine,
    ReceiptLineReturned,
    ReceiptOffer,
    ReceiptPayment,
    ReceiptReturn,
    ReceiptReturnPoints,
)
from erp_club.stored_value.queries import payments_of


@dataclass(frozen=True, slots=True)
class Original:
    """The receipt of a sale; `sold_on` is its store's date."""

    customer_id: int
    id: int
    receipt_no: str
    store_id: int
    sold_at: dt.datetime
    sold_on: dt.date
    rounding_minor: int


def hold_original(session: Session, receipt_id: int) -> Original:
    """The receipt, locked until the transaction ends: returns of one receipt come one after the other.

    Nobody merges or parts its customer meanwhile. Raises NotFound, Conflict `is-a-return`.
    """
    customer_id = session.scalar(sa.select(Receipt.customer_id).where(Receipt.id == receipt_id))
    if customer_id:
        hold_person(session, customer_id)
    row = session.execute(
        sa.select(
            Receipt.customer_id,
            Receipt.id,
            Receipt.receipt_no,
            Receipt.store_id,
            Receipt.sold_at,
            Receipt.sold_on,
            Receipt.rounding_minor,
        )
        .where(Receipt.id == receipt_id)
        .with_for_update(key_share=True)
    ).one_or_none()
    if row is None:
        raise NotFound(T("There is no such receipt."), code="receipt-unknown")
    original = Original(*row)
    if session.scalar(sa.select(sa.exists().where(*_is(ReceiptReturn, original)))):
        raise Conflict(T("This receipt is itself a return. Sell the goods again instead."), code="is-a-return")
    return original


def bought(session: Session, original: Original, *, currency: str) -> Bought:
    """The receipt with what has come back of it, read after it is held."""
    key = original.customer_id, original.id
    payments = _payments(session, original, of_returns=False)
    refunded = _payments(session, original, of_returns=True)
    cash = -refunded.pop(None, 0)
    payments.pop(None, None)
    accounts = _accounts(session, original)
    by_card, by_hand, counted = payments.get(BY_CARDS, 0), 0, 0
    if by_card:
        cards = payments_of(session, key)
        # What an offline till took from a card that nobody named can't go back there: it goes back in cash.
        known = min(by_card, sum(each.paid_minor for each in cards))
        payments |= {BY_CARDS: known, BY_CASH: payments.get(BY_CASH, 0) + by_card - known}
        by_hand = sum(each.paid_minor - each.left_minor for each in cards) + refunded.get(BY_CARDS, 0)
    if by_hand:
        counted = _returned(session, original) + sum(refunded.values()) - sum(each.deducted_minor for each in accounts)
        refunded[BY_CARDS] = refunded.get(BY_CARDS, 0) - by_hand
    return Bought(
        lines=_lines(session, original),
        currency=currency,
        paid=tuple(
            Paid(tender[0], payments.get(tender, 0), -refunded.get(tender, 0), tender[1])
            for tender in payments | refunded
            if tender is not None and (payments.get(tender) or refunded.get(tender))
        ),
        accounts=accounts,
        coupons=used_with(session, key),
        cash_minor=cash,
        by_hand_minor=max(by_hand - counted, 0),
        issued=issued_with(session, key),
    )


def _returned(session: Session, original: Original) -> int:
    """What the goods had cost that have come back before."""
    total = sa.func.coalesce(sa.func.sum(-Receipt.total_minor), 0)
    return session.execute(
        sa.select(sa.cast(total, sa.BigInteger))
        .join(
            ReceiptReturn, (ReceiptReturn.customer_id == Receipt.customer_id) & (ReceiptReturn.receipt_id == Receipt.id)
        )
        .where(ReceiptReturn.customer_id == original.customer_id, ReceiptReturn.original_receipt_id == original.id)
    ).scalar_one()


def count_returns(session: Session, original: Original) -> int:
    """How many returns the receipt has had."""
    return (
        session.scalar(
            sa.select(sa.func.count()).where(
                ReceiptReturn.customer_id == original.customer_id, ReceiptReturn.original_receipt_id == original.id
            )
        )
        or 0
    )


def _is(table: Any, original: Original) -> tuple[sa.ColumnElement[bool], ...]:
    return table.customer_id == original.customer_id, table.receipt_id == original.id


def _lines(session: Session, original: Original) -> tuple[BoughtLine, ...]:
    discounts: dict[int, list[Discount]] = defaultdict(list)
    for line_no, offer_id, amount, units, by_points in session.execute(
        sa.select(
            ReceiptDiscount.line_no,
            ReceiptDiscount.offer_id,
            ReceiptDiscount.amount_minor,
            ReceiptDiscount.units_milli,
            ReceiptOffer.points_used > 0,
        )
        .join(
            ReceiptOffer,
            (ReceiptOffer.customer_id == ReceiptDiscount.customer_id)
            & (ReceiptOffer.receipt_id == ReceiptDiscount.receipt_id)
            & (ReceiptOffer.offer_id == ReceiptDiscount.offer_id),
        )
        .where(*_is(ReceiptDiscount, original))
        .order_by(ReceiptDiscount.line_no, ReceiptDiscount.offer_id)
    ):
        discounts[line_no].append(Discount(offer_id, amount, units, by_points))
    returned = (
        (ReceiptLineReturned.customer_id == ReceiptLine.customer_id)
        & (ReceiptLineReturned.receipt_id == ReceiptLine.receipt_id)
        & (ReceiptLineReturned.line_no == ReceiptLine.line_no)
    )
    rows = session.execute(
        sa.select(
            ReceiptLine,
            Product.earns_points & (Product.kind == "goods") & ~IS_FEE,
            sa.func.coalesce(ReceiptLineReturned.returned_milli, 0),
        )
        .join(Product, Product.id == ReceiptLine.product_id)
        .outerjoin(ReceiptLineReturned, returned)
        .where(*_is(ReceiptLine, original))
        .order_by(ReceiptLine.line_no)
    )
    return tuple(
        BoughtLine(
            line_no=line.line_no,
            product_id=line.product_id,
            quantity_milli=line.quantity_milli,
            list_minor=line.list_minor,
            amount_minor=line.amount_minor,
            tax_minor=tax_in(line.amount_minor, line.vat_bp) if line.tax_minor is None else line.tax_minor,
            vat_bp=line.vat_bp,
            earns=earns,
            discounts=tuple(discounts[line.line_no]),
            returned_milli=back,
        )
        for line, earns, back in rows
    )


_TENDER = ReceiptPayment.means, sa.func.coalesce(ReceiptPayment.called, sa.literal_column("''"))


def _payments(session: Session, original: Original, *, of_returns: bool) -> dict[Tender | None, int]:
    """By means without cash rounding, of the sale or of its returns; under None the cash with it."""
    receipts = sa.select(Receipt.id, Receipt.rounding_minor).where(Receipt.customer_id == original.customer_id)
    if of_returns:
        receipts = receipts.join(
            ReceiptReturn,
            (ReceiptReturn.customer_id == Receipt.customer_id) & (ReceiptReturn.receipt_id == Receipt.id),
        ).where(ReceiptReturn.original_receipt_id == original.id)
    else:
        receipts = receipts.where(Receipt.id == original.id)
    asked = receipts.subquery()
    rows = session.execute(
        sa.select(*_TENDER, sa.cast(sa.func.sum(ReceiptPayment.amount_minor), sa.BigInteger))
        .join(asked, asked.c.id == ReceiptPayment.receipt_id)
        .where(ReceiptPayment.customer_id == original.customer_id)
        .group_by(*_TENDER)
    )
    sums: dict[Tender | None, int] = {(Means(means), called): amount for means, called, amount in rows}
    rounding = session.scalar(sa.select(sa.cast(sa.func.sum(asked.c.rounding_minor), sa.BigInteger))) or 0
    sums[None] = sums.get(BY_CASH, 0)
    if sums[None] or rounding:
        sums[BY_CASH] = sums[None] - rounding
    return sums


def _accounts(session: Session, original: Original) -> tuple[Account, ...]:
    """What the sale's movements did to each account, with the club's rules of the sale's day; by the accounts' ids."""
    earned: dict[tuple[int, int], list[Any]] = defaultdict(list)
    # The customer's own movements, which lie together, and the receipt's in accounts of others, which have an index:
    # those of whoever shares an account, or registered the purchase, be the two apart by now or not.
    own = (PointsMovement.customer_id == original.customer_id) & (original.customer_id != UNIDENTIFIED)
    others = PointsMovement.by_customer_id != PointsMovement.customer_id
    for row in session.execute(
        sa.select(
            PointsMovement.account_id,
            PointsMovement.customer_id,
            PointsMovement.kind,
            PointsMovement.seq,
            PointsMovement.points,
            PointsMovement.at,
        )
        .where(
            sa.or_(own, others),
            PointsMovement.by_customer_id == original.customer_id,
            PointsMovement.receipt_id == original.id,
            PointsMovement.kind.in_((MovementKind.EARNED, MovementKind.REDEEMED)),
        )
        .order_by(PointsMovement.account_id, PointsMovement.seq)
    ):
        earned[row.account_id, row.customer_id].append(row)
    if not earned:
        return ()
    settled = _settled(session, original)
    registered = None if original.customer_id else registered_for(session, original.id)
    member_id = registered.id if registered else original.customer_id
    standing = heirs_of(session, [account_id for account_id, _ in earned])
    clubs = clubs_of(session, list(standing.values()), on=original.sold_on)
    receipt = original.customer_id, original.id
    made: list[Account] = []
    for key, rows in sorted(earned.items()):
        club = clubs.get(standing[key[0]])
        account = replace(_account(*key, rows, settled.get(key, {}), club), member_id=member_id)
        made.append(as_earned(session, account, receipt, on=original.sold_on, at=rows[0].at))
    return tuple(made)


def _account(
    account_id: int, holder_id: int, rows: Sequence[Any], settled: Mapping[str, int], club: Any | None
) -> Account:
    gained = [row for row in rows if row.kind == MovementKind.EARNED]
    used = [row for row in rows if row.kind == MovementKind.REDEEMED]
    said: dict[str, Any] = {}
    if club is not None:
        rules = points_rules(club.version_no or 1, club.document or "{}", club.worth_points, club.worth_minor)
        said = {
            "earn_points": club.earn_points,
            "earn_per_minor": club.earn_per_minor,
            "worth_points": club.worth_points,
            "worth_minor": club.worth_minor,
            "returns": rules.returns,
            "club_id": club.id,
            "club": club.code,
            "names": club.names,
            "unit": club.unit,
        }
    return Account(
        holder_id=holder_id,
        account_id=account_id,
        earned=sum(row.points for row in gained),
        used=-sum(row.points for row in used),
        earned_seq=gained[0].seq if gained else None,
        used_seq=used[0].seq if used else None,
        **settled,
        **said,
    )


_SETTLED = ("settled", "given_back", "owed", "paid", "written_off", "deducted_minor")


def _settled(session: Session, original: Original) -> Mapping[tuple[int, int], Mapping[str, int]]:
    """What former returns settled, of that left owed, paid for or forgiven, and gave back, by account and holder."""
    rows = session.execute(
        sa.select(
            *(ReceiptReturnPoints.account_id, ReceiptReturnPoints.holder_id),
            *(sa.cast(sa.func.sum(ReceiptReturnPoints.__table__.c[name]), sa.BigInteger) for name in _SETTLED),
        )
        .join(
            ReceiptReturn,
            (ReceiptReturn.customer_id == ReceiptReturnPoints.customer_id)
            & (ReceiptReturn.receipt_id == ReceiptReturnPoints.receipt_id),
        )
        .where(ReceiptReturn.customer_id == original.customer_id, ReceiptReturn.original_receipt_id == original.id)
        .group_by(ReceiptReturnPoints.account_id, ReceiptReturnPoints.holder_id)
    )
    return {(row[0], row[1]): dict(zip(_SETTLED, row[2:], strict=True)) for row in rows}


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """A return of a receipt, as its page lists it. `zone` is the store's."""

    receipt_id: int
    receipt_no: str
    kind: ReturnKind
    sold_at: dt.datetime
    zone: str
    store: str
    total_minor: int


@dataclass(frozen=True, slots=True)
class ReturnOf:
    """What a return takes back and why; all None, and no reason, for a receipt that is none."""

    kind: ReturnKind | None = None
    original_id: int | None = None
    original_no: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Standing(ReturnOf):
    """Where a receipt stands among returns: what it returns, what returned it, and how much of each line came back."""

    returns: tuple[ReturnRow, ...] = ()
    returned_milli: Mapping[int, int] = field(default_factory=dict[int, int])


def return_of(session: Session, customer_id: int, receipt_id: int) -> ReturnOf:
    """What a receipt takes back, if it does."""
    row = session.execute(_RETURN_OF, {"customer": customer_id, "receipt": receipt_id}).one_or_none()
    return ReturnOf() if row is None else ReturnOf(ReturnKind(row[0]), *row[1:])


def standing(session: Session, customer_id: int, receipt_id: int) -> Standing:
    """Where a receipt stands among returns."""
    own = return_of(session, customer_id, receipt_id)
    returns = session.execute(
        sa.select(
            Receipt.id,
            Receipt.receipt_no,
            ReceiptReturn.kind,
            Receipt.sold_at,
            Store.time_zone,
            Store.name,
            Receipt.total_minor,
        )
        .select_from(ReceiptReturn)
        .join(Receipt, (Receipt.customer_id == ReceiptReturn.customer_id) & (Receipt.id == ReceiptReturn.receipt_id))
        .join(Store, Store.id == Receipt.store_id)
        .where(ReceiptReturn.customer_id == customer_id, ReceiptReturn.original_receipt_id == receipt_id)
        .order_by(Receipt.id)
    )
    returned = session.execute(
        sa.select(ReceiptLineReturned.line_no, ReceiptLineReturned.returned_milli).where(
            ReceiptLineReturned.customer_id == customer_id, ReceiptLineReturned.receipt_id == receipt_id
        )
    )
    milli = {line_no: milli for line_no, milli in returned}  # noqa: C416 - dict() knows no Row
    told = tuple(ReturnRow(*row) for row in returns)
    return Standing(own.kind, own.original_id, own.original_no, own.reason, told, milli)


# Built once, since every receipt that is shown asks it.
_CUSTOMER, _RECEIPT = (sa.bindparam(name, type_=sa.BigInteger) for name in ("customer", "receipt"))
_RETURN_OF = (
    sa.select(ReceiptReturn.kind, ReceiptReturn.original_receipt_id, Receipt.receipt_no, ReceiptReturn.reason)
    .outerjoin(Receipt, (Receipt.customer_id == _CUSTOMER) & (Receipt.id == ReceiptReturn.original_receipt_id))
    .where(ReceiptReturn.customer_id == _CUSTOMER, ReceiptReturn.receipt_id == _RECEIPT)
)
