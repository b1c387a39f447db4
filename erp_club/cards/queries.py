"""Whose card this is."""

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.cards import errors
from erp_club.cards.kinds import CardState
from erp_club.cards.models import Card
from erp_club.cards.numbers import compact
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import Customer


@dataclass(frozen=True, slots=True)
class CardRow:
    """A card; without a club it holds in all of its customer's. `replaced_by` is the id of the newer one."""

    id: int
    number: str
    customer_id: int
    club_id: int | None
    state: CardState
    issued_at: dt.datetime
    replaced_by: int | None


_CARD = (Card.id, Card.number, Card.customer_id, Card.club_id, Card.state, Card.issued_at, Card.replaced_by)


def _card(row: Any) -> CardRow:
    made = CardRow(*row)
    return dataclasses.replace(made, state=CardState(made.state))


def card(session: Session, card_id: int) -> CardRow:
    """The card of this id, whatever its state. Raises NotFound `card-unknown`."""
    return _living(session, Card.id == card_id)


def card_by_number(session: Session, number: str) -> CardRow:
    """The card of this number as it is kept, whatever its state. Raises NotFound `card-unknown`."""
    return _living(session, Card.number == number)


def _living(session: Session, where: sa.ColumnElement[bool]) -> CardRow:
    row = session.execute(
        sa.select(*_CARD)
        .join(Customer, Customer.id == Card.customer_id)
        .where(where, Customer.state == CustomerState.ACTIVE)
    ).one_or_none()
    if row is None:
        raise errors.unknown()
    return _card(row)


def read_card(session: Session, number: str) -> CardRow:
    """The active card of this number; spaces and hyphens don't count.

    Raises NotFound `card-unknown`, Conflict `card-blocked`, `card-lost` or `card-replaced`.
    """
    card = card_by_number(session, compact(number))
    match card.state:
        case CardState.BLOCKED:
            raise errors.blocked()
        case CardState.LOST:
            raise errors.lost()
        case CardState.REPLACED:
            raise errors.replaced()
        case CardState.ACTIVE:
            return card


def cards_of(session: Session, customer_id: int) -> list[CardRow]:
    """The customer's cards, the newest first."""
    rows = session.execute(
        sa.select(*_CARD).where(Card.customer_id == customer_id).order_by(Card.issued_at.desc(), Card.number.desc())
    )
    return [_card(row) for row in rows]
