"""Whose card this is."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.cards import errors
from erp_club.cards.models import Card, CardState
from erp_club.customers.models import Customer, CustomerState


@dataclass(frozen=True, slots=True)
class CardRow:
    """A card; without a club it holds in all of its customer's."""

    number: str
    customer_id: int
    club_id: int | None
    state: CardState


def read_card(session: Session, number: str) -> CardRow:
    """The active card of this number; spaces and hyphens don't count.

    Raises NotFound `card-unknown`, Conflict `card-blocked`, `card-lost` or `card-replaced`.
    """
    row = session.execute(
        sa.select(Card.number, Card.customer_id, Card.club_id, Card.state)
        .join(Customer, Customer.id == Card.customer_id)
        .where(Card.number == compact(number), Customer.state == CustomerState.ACTIVE)
    ).one_or_none()
    if row is None:
        raise errors.unknown()
    card = CardRow(row.number, row.customer_id, row.club_id, CardState(row.state))
    match card.state:
        case CardState.BLOCKED:
            raise errors.blocked()
        case CardState.LOST:
            raise errors.lost()
        case CardState.REPLACED:
            raise errors.replaced()
        case CardState.ACTIVE:
            return card


def customer_by_card(session: Session, number: str) -> int:
    """The id of the customer whose active card this is. Raises as `read_card`."""
    return read_card(session, number).customer_id


def cards_of(session: Session, customer_id: int) -> list[CardRow]:
    """The customer's cards, the newest first."""
    rows = session.execute(
        sa.select(Card.number, Card.customer_id, Card.club_id, Card.state)
        .where(Card.customer_id == customer_id)
        .order_by(Card.issued_at.desc(), Card.number.desc())
    )
    return [CardRow(row.number, row.customer_id, row.club_id, CardState(row.state)) for row in rows]


def compact(number: str) -> str:
    """The number as it is kept: without the spaces and hyphens that people write into it."""
    return "".join(letter for letter in number if not letter.isspace() and letter != "-")
