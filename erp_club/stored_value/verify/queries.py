"""Where what stands beside the movements of cards isn't what they come to."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.stored_value.models import (
    ValueCard,
    ValueLot,
    ValueLotTerms,
    ValueMovement,
    ValueMovementLot,
    ValueNumber,
)


@dataclass(frozen=True, slots=True)
class WrongCard:
    """A card where `what` isn't what it should be: a balance, a lot, a day, what a movement did (see `_CHECKS`).

    `at` is the movement's seq or the lot's id; `stored` and `derived` are the two numbers, or days in ISO 8601.
    """

    customer_id: int
    card_id: int
    what: str
    at: int | None
    stored: int | str | None
    derived: int | str | None


def wrong_cards(session: Session, *, limit: int = 100) -> list[WrongCard]:
    """Everything that movements and their lots contradict, the first `limit` of each kind. Empty is what it should be.

    A card's balance is the sum of its movements, which are numbered without gaps; each movement's balance is the sum up
    to it, its lots come to its amount, and what remains in a lot is the sum of what was done to it. A lot's days are
    those that it was opened with, and a card's number is the one by which it is found.
    """
    made: list[WrongCard] = []
    for what, statement in _CHECKS:
        made += [
            WrongCard(customer, card, what, at, stored, derived)
            for customer, card, at, stored, derived in session.execute(statement.limit(limit))
        ]
    return made


def _whole(total: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.coalesce(total, 0), sa.BigInteger)


def _cards(stored: sa.ColumnElement[int], derived: sa.ColumnElement[int]) -> sa.Select[*tuple[Any, ...]]:
    sums = (
        sa.select(derived.label("derived"))
        .where(ValueMovement.customer_id == ValueCard.customer_id, ValueMovement.card_id == ValueCard.id)
        .correlate(ValueCard)
        .lateral("sums")
    )
    return (
        sa.select(ValueCard.customer_id, ValueCard.id, sa.null(), stored, sums.c.derived)
        .join(sums, sa.true())
        .where(stored != sums.c.derived)
        .order_by(ValueCard.customer_id, ValueCard.id)
    )


def _running() -> sa.Select[*tuple[Any, ...]]:
    card = (ValueMovement.customer_id, ValueMovement.card_id)
    up_to = sa.func.sum(ValueMovement.amount_minor).over(partition_by=card, order_by=ValueMovement.seq)
    rows = sa.select(
        *card, ValueMovement.seq, ValueMovement.balance_after_minor.label("stored"), _whole(up_to).label("derived")
    ).subquery()
    return (
        sa.select(*rows.c)
        .where(rows.c.stored != rows.c.derived)
        .order_by(rows.c.customer_id, rows.c.card_id, rows.c.seq)
    )


def _movement_lots() -> sa.Select[*tuple[Any, ...]]:
    card = (ValueMovement.customer_id, ValueMovement.card_id, ValueMovement.seq)
    parts = (
        sa.select(_whole(sa.func.sum(ValueMovementLot.amount_minor)))
        .where(
            ValueMovementLot.customer_id == ValueMovement.customer_id,
            ValueMovementLot.card_id == ValueMovement.card_id,
            ValueMovementLot.seq == ValueMovement.seq,
        )
        .scalar_subquery()
    )
    rows = sa.select(*card, ValueMovement.amount_minor.label("stored"), parts.label("derived")).subquery()
    return (
        sa.select(*rows.c)
        .where(rows.c.stored != rows.c.derived)
        .order_by(rows.c.customer_id, rows.c.card_id, rows.c.seq)
    )


def _lots() -> sa.Select[*tuple[Any, ...]]:
    lot = (ValueLot.customer_id, ValueLot.card_id, ValueLot.id)
    done = (
        sa.select(_whole(sa.func.sum(ValueMovementLot.amount_minor)))
        .where(
            ValueMovementLot.customer_id == ValueLot.customer_id,
            ValueMovementLot.card_id == ValueLot.card_id,
            ValueMovementLot.lot_id == ValueLot.id,
        )
        .scalar_subquery()
    )
    rows = sa.select(*lot, ValueLot.remaining_minor.label("stored"), done.label("derived")).subquery()
    return (
        sa.select(*rows.c)
        .where(rows.c.stored != rows.c.derived)
        .order_by(rows.c.customer_id, rows.c.card_id, rows.c.id)
    )


def _terms(day: str) -> sa.Select[*tuple[Any, ...]]:
    lot, terms = ValueLot, ValueLotTerms
    key = [sa.func.coalesce(lot.customer_id, terms.customer_id), sa.func.coalesce(lot.card_id, terms.card_id)]
    number = sa.func.coalesce(lot.id, terms.lot_id)
    same = (lot.customer_id == terms.customer_id) & (lot.card_id == terms.card_id) & (lot.id == terms.lot_id)
    stored, derived = lot.__table__.c[day], terms.__table__.c[day]
    return (
        sa.select(
            *(*key, number),
            *(sa.cast(stored, sa.Text).label("stored"), sa.cast(derived, sa.Text).label("derived")),
        )
        .select_from(lot)
        .outerjoin(terms, same, full=True)
        .where(sa.or_(lot.id.is_(None), terms.lot_id.is_(None), stored.is_distinct_from(derived)))
        .order_by(*key, number)
    )


def _numbers() -> sa.Select[*tuple[Any, ...]]:
    """By the ends of the numbers: the whole of one is money."""
    card, number = ValueCard, ValueNumber
    key = [sa.func.coalesce(card.customer_id, number.customer_id), sa.func.coalesce(card.id, number.card_id)]
    same = (card.customer_id == number.customer_id) & (card.id == number.card_id)
    ends = [(sa.literal("…") + sa.func.right(each.number, 4)) for each in (card, number)]
    return (
        sa.select(*key, sa.null(), *ends)
        .select_from(card)
        .outerjoin(number, same, full=True)
        .where(card.number.is_distinct_from(number.number))
        .order_by(*key)
    )


_CHECKS: tuple[tuple[str, sa.Select[*tuple[Any, ...]]], ...] = (
    ("balance", _cards(ValueCard.__table__.c.balance_minor, _whole(sa.func.sum(ValueMovement.amount_minor)))),
    ("movements", _cards(ValueCard.__table__.c.last_seq, sa.func.count())),
    ("balance after", _running()),
    ("movement's lots", _movement_lots()),
    ("lot", _lots()),
    ("first day", _terms("first_day")),
    ("last day", _terms("last_day")),
    ("number", _numbers()),
)
