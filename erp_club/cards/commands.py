"""Issuing cards."""

import datetime as dt
import re

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.cards import errors
from erp_club.cards.models import CARD_NUMBERS, Card, CardState
from erp_club.cards.numbers import card_number
from erp_club.cards.queries import compact

_NUMBER = re.compile(r"\d{8,19}", re.ASCII)


def issue_card(session: Session, customer_id: int, *, club_id: int | None = None, now: dt.datetime) -> str:
    """Give the customer a card of our own range and return its number; without a club it holds in all of theirs.

    A number that an imported card already has is passed over.
    """
    while True:
        number = card_number(session.execute(sa.select(CARD_NUMBERS.next_value())).scalar_one())
        added = session.scalar(
            insert(Card)
            .values(number=number, customer_id=customer_id, club_id=club_id, issued_at=now)
            .on_conflict_do_nothing(index_elements=[Card.number])
            .returning(Card.number)
        )
        if added is not None:
            return number


def hand_out_card(session: Session, customer_id: int, number: str, *, now: dt.datetime) -> None:
    """Make a card that lies ready at the till the customer's, in all of their clubs.

    Raises Invalid where the number can't be a card's, Conflict `card-taken` where somebody has it.
    """
    kept = compact(number)
    if not _NUMBER.fullmatch(kept):
        raise errors.no_card_number()
    added = session.scalar(
        insert(Card)
        .values(number=kept, customer_id=customer_id, issued_at=now)
        .on_conflict_do_nothing(index_elements=[Card.number])
        .returning(Card.number)
    )
    if added is None:
        raise errors.taken()


def card_for_joining(session: Session, customer_id: int, *, club_id: int, now: dt.datetime) -> str | None:
    """Issue a card to somebody who joins a club and has none that holds there; None where they have one.

    The caller holds the lock on the customer: without it, two tills would issue two.
    """
    held = session.scalar(
        sa.select(Card.number)
        .where(
            Card.customer_id == customer_id,
            Card.state == CardState.ACTIVE,
            Card.club_id.is_(None) | (Card.club_id == club_id),
        )
        .limit(1)
    )
    return None if held else issue_card(session, customer_id, now=now)
