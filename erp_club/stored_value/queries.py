"""What a card is, what lies on it, and what has moved; and where the ledger contradicts itself."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_club.kernel.lots import Lot
from erp_club.kernel.reading import in_portions
from erp_club.organisation.models import Store, Terminal
from erp_club.permissions.models import Staff
from erp_club.receipts.models import Receipt
from erp_club.stored_value import errors
from erp_club.stored_value.kinds import CardKind, CardState, MovementKind, ProductState
from erp_club.stored_value.lots import Good, lot
from erp_club.stored_value.models import (
    CardArticle,
    CardProduct,
    ValueCard,
    ValueLot,
    ValueMovement,
    ValueMovementLot,
    ValueNumber,
)
from erp_club.stored_value.numbers import CardKey


@dataclass(frozen=True, slots=True)
class HeldCard:
    """A card with its lots and what its kind says of its money."""

    key: CardKey
    number: str
    state: CardState
    balance_minor: int
    product_id: int
    kind: CardKind
    currency: str
    valid_months: int | None
    least_minor: int
    most_minor: int
    amounts_minor: tuple[int, ...]
    has_pin: bool
    lots: tuple[Lot, ...]


@dataclass(frozen=True, slots=True)
class SellingProduct:
    """A kind of card by the article that sells it."""

    id: int
    currency: str
    kind: CardKind
    has_pin: bool
    amounts_minor: tuple[int, ...]
    least_minor: int
    most_minor: int
    state: ProductState


@dataclass(frozen=True, slots=True)
class MovementRow:
    """One movement with the balance after it, and where it came from. `zone` is the store's time zone."""

    seq: int
    kind: MovementKind
    amount_minor: int
    balance_after_minor: int
    at: dt.datetime
    on_date: dt.date
    receipt_id: int | None
    receipt_no: str | None
    reverses_seq: int | None
    other_card_id: int | None
    reason: str | None
    store: str | None
    zone: str | None
    terminal: str | None
    staff: str | None


@dataclass(frozen=True, slots=True)
class Paying:
    """What a card gave to a receipt, net of what was given back: its number, and the payment's movement."""

    key: CardKey
    number: str
    seq: int
    paid_minor: int
    left_minor: int


@dataclass(frozen=True, slots=True)
class ReceiptCard:
    """What a receipt did to a card; `last_day` is of the money that it put onto it, None is for ever."""

    key: CardKey
    number: str
    names: Mapping[str, str]
    kind: CardKind
    moved: MovementKind
    amount_minor: int
    balance_after_minor: int
    last_day: dt.date | None


def held_cards(session: Session, keys: Collection[CardKey]) -> Mapping[CardKey, HeldCard]:
    """These cards with their lots; what isn't there is left out."""
    lots: dict[CardKey, list[Lot]] = {}
    named = [tuple(key) for key in keys]
    for row in session.execute(
        sa.select(
            ValueLot.customer_id, ValueLot.card_id, ValueLot.id, ValueLot.first_day, ValueLot.last_day,
            ValueLot.remaining_minor,
        )
        .where(sa.tuple_(ValueLot.customer_id, ValueLot.card_id).in_(named))
        .order_by(ValueLot.id)
    ):  # fmt: skip
        lots.setdefault(CardKey(row.customer_id, row.card_id), []).append(
            lot(row.id, Good(row.first_day, row.last_day), row.remaining_minor)
        )
    rows = session.execute(
        sa.select(*_HELD)
        .join(CardProduct, CardProduct.id == ValueCard.product_id)
        .where(sa.tuple_(ValueCard.customer_id, ValueCard.id).in_(named))
    )
    return {CardKey(row.customer_id, row.id): _held(row, lots) for row in rows}


def key_by_id(session: Session, card_id: int) -> CardKey:
    """The key of the card of this id. Raises NotFound."""
    row = session.execute(sa.select(ValueCard.customer_id, ValueCard.id).where(ValueCard.id == card_id)).one_or_none()
    if row is None:
        raise errors.no_card()
    return CardKey(*row)


def keys_by_ids(session: Session, card_ids: Sequence[int]) -> list[CardKey]:
    """The keys of the cards of these ids, in their order. Raises NotFound where one isn't there."""
    if not card_ids:
        return []
    rows = session.execute(sa.select(ValueCard.id, ValueCard.customer_id).where(ValueCard.id.in_(card_ids)))
    found = {row.id: CardKey(row.customer_id, row.id) for row in rows}
    if any(card_id not in found for card_id in card_ids):
        raise errors.no_card()
    return [found[card_id] for card_id in card_ids]


def key_by_number(session: Session, number: str) -> CardKey | None:
    """The key of the card of this compact number, whatever its state."""
    row = session.execute(
        sa.select(ValueNumber.customer_id, ValueNumber.card_id).where(ValueNumber.number == number)
    ).one_or_none()
    return None if row is None else CardKey(*row)


def heirs_of(session: Session, keys: Collection[CardKey]) -> dict[CardKey, CardKey]:
    """The newest card in place of each of these that was replaced; one that wasn't is left out."""
    old, heir = aliased(ValueCard), aliased(ValueCard)
    made: dict[CardKey, CardKey] = {}
    asked: dict[CardKey, CardKey] = {key: key for key in keys}
    while asked:
        rows = session.execute(
            sa.select(old.customer_id, old.id, heir.customer_id, heir.id)
            .join(heir, heir.id == old.replaced_by)
            .where(sa.tuple_(old.customer_id, old.id).in_([tuple(key) for key in asked.values()]))
        )
        newer = {CardKey(row[0], row[1]): CardKey(row[2], row[3]) for row in rows}
        asked = {key: newer[at] for key, at in asked.items() if at in newer}
        made |= asked
    return made


def selling(session: Session, article_ids: Collection[int]) -> Mapping[int, SellingProduct]:
    """The kinds of card that these articles sell, by the article's id; other articles are left out."""
    rows = session.execute(
        sa.select(
            CardArticle.article_id,
            CardProduct.id,
            CardProduct.currency,
            CardProduct.kind,
            CardProduct.has_pin,
            CardProduct.amounts_minor,
            CardProduct.least_minor,
            CardProduct.most_minor,
            CardProduct.state,
        )
        .join(CardProduct, CardProduct.id == CardArticle.product_id)
        .where(CardArticle.article_id.in_(article_ids))
    )
    return {
        row.article_id: SellingProduct(
            row.id,
            row.currency,
            CardKind(row.kind),
            row.has_pin,
            tuple(row.amounts_minor),
            row.least_minor,
            row.most_minor,
            ProductState(row.state),
        )
        for row in rows
    }


def payments_of(session: Session, receipt: tuple[int, int]) -> list[Paying]:
    """What cards gave to a receipt (customer, receipt), in the order of paying, and what of it is still theirs."""
    asked = _PAID.where(ValueMovement.receipt_customer_id == receipt[0], ValueMovement.receipt_id == receipt[1])
    rows = session.execute(asked.order_by(ValueMovement.at, ValueMovement.card_id))
    return [Paying(CardKey(row[0], row[1]), *row[2:]) for row in rows]


def payment(session: Session, key: CardKey, seq: int) -> Paying:
    """A payment by a card, and what of it is still to give back. Raises NotFound."""
    asked = _PAID.where(ValueMovement.customer_id == key.customer_id, ValueMovement.card_id == key.card_id)
    row = session.execute(asked.where(ValueMovement.seq == seq)).one_or_none()
    if row is None:
        raise errors.no_payment()
    return Paying(key, *row[2:])


def cards_of_receipt(session: Session, receipt: tuple[int, int]) -> list[ReceiptCard]:
    """What a receipt (customer, receipt) did to cards, in the order in which it did."""
    rows = session.execute(_OF_RECEIPT, {"customer": receipt[0], "receipt": receipt[1]})
    return [
        ReceiptCard(CardKey(row[0], row[1]), row[2], row[3], CardKind(row[4]), MovementKind(row[5]), *row[6:])
        for row in rows
    ]


def known_money(session: Session, key: CardKey) -> list[dict[dt.date | None, int]]:
    """What lies on a card by last day, and what it was taken over with."""
    of_lot = (ValueLot.customer_id == key.customer_id) & (ValueLot.card_id == key.card_id)
    now = session.execute(sa.select(ValueLot.last_day, ValueLot.remaining_minor).where(of_lot)).all()
    then = session.execute(
        sa.select(ValueLot.last_day, ValueMovementLot.amount_minor)
        .select_from(ValueMovementLot)
        .join(ValueMovement, _OF_MOVEMENT)
        .join(ValueLot, of_lot & (ValueLot.id == ValueMovementLot.lot_id))
        .where(
            ValueMovement.customer_id == key.customer_id,
            ValueMovement.card_id == key.card_id,
            ValueMovement.kind == MovementKind.OPENING,
        )
    ).all()
    made: list[dict[dt.date | None, int]] = []
    for rows in (now, then):
        by_day: dict[dt.date | None, int] = {}
        for day, minor in rows:
            if minor:
                by_day[day] = by_day.get(day, 0) + minor
        made.append(by_day)
    return made


def movements(session: Session, key: CardKey, *, before: int | None = None, limit: int = 50) -> list[MovementRow]:
    """The newest movements of a card, or those before the movement `before` (its `seq`, not included)."""
    asked = _movements(key).limit(limit)
    if before is not None:
        asked = asked.where(ValueMovement.seq < before)
    return [_movement(row) for row in session.execute(asked)]


def all_movements(session: Session, key: CardKey) -> Iterator[MovementRow]:
    """Every movement of a card, the newest first, read piece by piece."""
    for row in in_portions(session, _movements(key)):
        yield _movement(row)


def _movements(key: CardKey) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(
            ValueMovement.seq,
            ValueMovement.kind,
            ValueMovement.amount_minor,
            ValueMovement.balance_after_minor,
            ValueMovement.at,
            ValueMovement.on_date,
            ValueMovement.receipt_id,
            Receipt.receipt_no,
            ValueMovement.reverses_seq,
            ValueMovement.other_card_id,
            ValueMovement.reason,
            Store.name.label("store"),
            Store.time_zone.label("zone"),
            Terminal.name.label("terminal"),
            Staff.name.label("staff"),
        )
        .outerjoin(
            Receipt,
            (Receipt.customer_id == ValueMovement.receipt_customer_id) & (Receipt.id == ValueMovement.receipt_id),
        )
        .outerjoin(Store, Store.id == ValueMovement.store_id)
        .outerjoin(Terminal, Terminal.id == ValueMovement.terminal_id)
        .outerjoin(Staff, Staff.id == ValueMovement.staff_id)
        .where(ValueMovement.customer_id == key.customer_id, ValueMovement.card_id == key.card_id)
        .order_by(ValueMovement.seq.desc())
    )


def _movement(row: Any) -> MovementRow:
    return MovementRow(row.seq, MovementKind(row.kind), *row[2:])


def _held(row: Any, lots: Mapping[CardKey, Sequence[Lot]]) -> HeldCard:
    key = CardKey(row.customer_id, row.id)
    return HeldCard(
        key=key,
        number=row.number,
        state=CardState(row.state),
        balance_minor=row.balance_minor,
        product_id=row.product_id,
        kind=CardKind(row.kind),
        currency=row.currency,
        valid_months=row.valid_months,
        least_minor=row.least_minor,
        most_minor=row.most_minor,
        amounts_minor=tuple(row.amounts_minor),
        has_pin=row.has_pin,
        lots=tuple(lots.get(key, ())),
    )


_HELD = (
    ValueCard.customer_id,
    ValueCard.id,
    ValueCard.number,
    ValueCard.state,
    ValueCard.balance_minor,
    ValueCard.product_id,
    CardProduct.kind,
    CardProduct.currency,
    CardProduct.valid_months,
    CardProduct.least_minor,
    CardProduct.most_minor,
    CardProduct.amounts_minor,
    CardProduct.has_pin,
)
_OF_MOVEMENT = (
    (ValueMovementLot.customer_id == ValueMovement.customer_id)
    & (ValueMovementLot.card_id == ValueMovement.card_id)
    & (ValueMovementLot.seq == ValueMovement.seq)
)
_OF_CARD = (ValueCard.customer_id == ValueMovement.customer_id) & (ValueCard.id == ValueMovement.card_id)
_REFUND = aliased(ValueMovement)
GIVEN_BACK = (  # what later movements took back of a movement
    sa.select(sa.cast(sa.func.coalesce(sa.func.sum(_REFUND.amount_minor), 0), sa.BigInteger))
    .where(
        _REFUND.customer_id == ValueMovement.customer_id,
        _REFUND.card_id == ValueMovement.card_id,
        _REFUND.reverses_seq == ValueMovement.seq,
    )
    .scalar_subquery()
)
_PAID: sa.Select[*tuple[Any, ...]] = (
    sa.select(
        ValueMovement.customer_id, ValueMovement.card_id, ValueCard.number, ValueMovement.seq,
        -ValueMovement.amount_minor, -ValueMovement.amount_minor - GIVEN_BACK,
    )
    .join(ValueCard, _OF_CARD)
    .where(ValueMovement.kind == MovementKind.PAID)
)  # fmt: skip
_OF_RECEIPT = (
    sa.select(
        ValueMovement.customer_id, ValueMovement.card_id, ValueCard.number, CardProduct.names, CardProduct.kind,
        ValueMovement.kind.label("moved"), ValueMovement.amount_minor, ValueMovement.balance_after_minor,
        sa.func.max(ValueLot.last_day),
    )
    .join(ValueCard, _OF_CARD)
    .join(CardProduct, CardProduct.id == ValueCard.product_id)
    .join(ValueMovementLot, _OF_MOVEMENT)
    .join(
        ValueLot,
        (ValueLot.customer_id == ValueMovementLot.customer_id)
        & (ValueLot.card_id == ValueMovementLot.card_id)
        & (ValueLot.id == ValueMovementLot.lot_id),
    )
    .where(
        ValueMovement.receipt_customer_id == sa.bindparam("customer", type_=sa.BigInteger),
        ValueMovement.receipt_id == sa.bindparam("receipt", type_=sa.BigInteger),
    )
    .group_by(
        ValueMovement.customer_id, ValueMovement.card_id, ValueMovement.seq, ValueMovement.kind,
        ValueMovement.amount_minor, ValueMovement.balance_after_minor, ValueMovement.at, ValueCard.number,
        CardProduct.names, CardProduct.kind,
    )
    .order_by(ValueMovement.at, ValueMovement.card_id, ValueMovement.seq)
)  # fmt: skip
