"""Issuing cards, replacing, blocking and finding them."""

import dataclasses
import datetime as dt
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.cards import errors
from erp_club.cards.kinds import CardState
from erp_club.cards.models import CARD_NUMBERS, Card
from erp_club.cards.numbers import card_number, compact, is_number
from erp_club.cards.queries import CardRow, card_by_number
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.kernel import audit
from erp_club.permissions.actors import Actor

_BEFORE: dict[CardState, frozenset[CardState]] = {
    CardState.BLOCKED: frozenset({CardState.ACTIVE, CardState.LOST}),
    CardState.LOST: frozenset({CardState.ACTIVE, CardState.BLOCKED}),
    CardState.ACTIVE: frozenset({CardState.BLOCKED, CardState.LOST}),
}
"""What a card may have been before it becomes this. A replaced one stays replaced."""


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


def hand_out_card(
    session: Session, customer_id: int, number: str, *, now: dt.datetime, club_id: int | None = None
) -> None:
    """Make a card that lies ready at the till the customer's; without a club in all of theirs.

    Raises Invalid where the number can't be a card's, Conflict `card-taken` where somebody has it.
    """
    kept = compact(number)
    if not is_number(kept):
        raise errors.no_card_number()
    added = session.scalar(
        insert(Card)
        .values(number=kept, customer_id=customer_id, club_id=club_id, issued_at=now)
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


def give_card(session: Session, customer_id: int, *, number: str | None, now: dt.datetime, by: Actor) -> CardRow:
    """Give a living customer one more card: that of the number, or one of our own range.

    Raises NotFound for the customer, and what `hand_out_card` raises.
    """
    _lock_customer(session, customer_id)
    if number is None:
        number = issue_card(session, customer_id, now=now)
    else:
        hand_out_card(session, customer_id, number, now=now)
    card = card_by_number(session, compact(number))
    _record(session, "card.issue", card, {}, {"number": card.number}, now=now, by=by)
    return card


def set_card_state(session: Session, card_id: int, state: CardState, *, now: dt.datetime, by: Actor) -> CardRow:
    """Block a card, report it lost, or let it hold again.

    Raises NotFound `card-unknown`, Conflict `card-is-so` where it is in that state already, or was replaced.
    """
    card = _lock(session, card_id)
    if card.state not in _BEFORE[state]:
        raise errors.is_so(card.state)
    session.execute(sa.update(Card).where(Card.id == card_id).values(state=state))
    _record(session, _ACTION[state], card, {"state": card.state}, {"state": state}, now=now, by=by)
    return dataclasses.replace(card, state=state)


def replace_card(session: Session, card_id: int, *, number: str | None, now: dt.datetime, by: Actor) -> CardRow:
    """Give the customer another card in place of this one, which from now on says that it was replaced.

    The new one is that of the number, or of our own range; it holds where the old one did. Raises as
    `set_card_state` and `hand_out_card`.
    """
    old = _lock(session, card_id)
    if old.state is CardState.REPLACED:
        raise errors.is_so(old.state)
    if number is None:
        number = issue_card(session, old.customer_id, club_id=old.club_id, now=now)
    else:
        hand_out_card(session, old.customer_id, number, club_id=old.club_id, now=now)
    new = card_by_number(session, compact(number))
    session.execute(sa.update(Card).where(Card.id == card_id).values(state=CardState.REPLACED, replaced_by=new.id))
    after = {"state": CardState.REPLACED, "replaced_by": new.number}
    _record(session, "card.replace", old, {"state": old.state}, after, now=now, by=by)
    return new


_ACTION = {CardState.BLOCKED: "card.block", CardState.LOST: "card.lose", CardState.ACTIVE: "card.release"}


def _lock(session: Session, card_id: int) -> CardRow:
    """The card, locked until the transaction ends: two people who replace it at once give one new card."""
    row = session.execute(
        sa.select(Card.number).where(Card.id == card_id).with_for_update(key_share=True)
    ).one_or_none()
    if row is None:
        raise errors.unknown()
    return card_by_number(session, row.number)


def _lock_customer(session: Session, customer_id: int) -> None:
    state = session.scalar(sa.select(Customer.state).where(Customer.id == customer_id).with_for_update(key_share=True))
    if customer_id == UNIDENTIFIED or state != CustomerState.ACTIVE:
        raise errors.no_customer()


def _record(
    session: Session,
    action: str,
    card: CardRow,
    before: Mapping[str, object],
    after: Mapping[str, object],
    *,
    now: dt.datetime,
    by: Actor,
) -> None:
    named = {"card_id": card.id, "card": card.number}
    audit.record(
        session,
        by=by,
        now=now,
        action=action,
        entity="customer",
        entity_id=card.customer_id,
        before=named | dict(before) if before else None,
        after=named | dict(after),
    )
