"""Money onto cards and off them. Every command here works on cards that the caller's transaction holds by `hold`.

A card's row is locked first, in a statement of its own, and its lots are read after that: a snapshot that waited for
the lock would still show the lots as they were before. Several cards are locked in the order of their keys.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.kernel.lots import Lot, Part, available, given_back, take
from erp_club.permissions.actors import Actor
from erp_club.stored_value import errors
from erp_club.stored_value.kinds import CardKind, CardState, MovementKind
from erp_club.stored_value.lots import FOR_EVER, Good, last_day
from erp_club.stored_value.models import ValueCard, ValueLot, ValueMovement, ValueMovementLot
from erp_club.stored_value.numbers import CardKey
from erp_club.stored_value.queries import HeldCard, heirs_of, held_cards, payments_of


@dataclass(frozen=True, slots=True)
class Cause:
    """Why and where money moves. `on` is the store's day; a receipt is (customer, receipt)."""

    at: dt.datetime
    on: dt.date
    by: Actor
    receipt: tuple[int, int] | None = None
    reason: str | None = None
    reverses_seq: int | None = None
    other_card_id: int | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """A movement as it was written: what it did to each lot, and the balance after it."""

    card: CardKey
    seq: int
    amount_minor: int
    balance_minor: int
    parts: tuple[Part, ...]


def hold(session: Session, keys: Iterable[CardKey]) -> Mapping[CardKey, HeldCard]:
    """Lock these cards until the transaction ends and give them as they are then, with their lots.

    Raises NotFound where one isn't there.
    """
    wanted = sorted(set(keys))
    # FOR NO KEY UPDATE: rows that only refer to the card may be written meanwhile.
    session.execute(
        sa.select(ValueCard.id)
        .where(sa.tuple_(ValueCard.customer_id, ValueCard.id).in_(wanted))
        .order_by(ValueCard.customer_id, ValueCard.id)
        .with_for_update(key_share=True)
    ).all()
    held = held_cards(session, wanted)
    if len(held) < len(wanted):
        raise errors.no_card()
    return held


def put_in(
    session: Session, card: HeldCard, amount_minor: int, *, kind: MovementKind, cause: Cause, good: Good = FOR_EVER
) -> Moved:
    """Put so much (above 0) onto a card, `good` on its days; without a last one until its kind says, from the day on.

    The balance may not come above what the kind allows: raises Conflict `stored-value-full`.
    """
    if card.balance_minor + amount_minor > card.most_minor:
        raise errors.too_much_on_it(card.most_minor, card.currency, field="amount_minor")
    first = good.first if good.first is not None and good.first > cause.on else None
    ends = good.last or last_day(first or cause.on, card.valid_months)
    lot_id = _open_lot(session, card.key, Good(first, ends))
    return write_movement(session, card.key, kind, (Part(lot_id, amount_minor),), cause)


def sell(
    session: Session, card: HeldCard, amount_minor: int, *, cause: Cause, given: bool = False, good: Good = FOR_EVER
) -> Moved:
    """Make a card that lies ready good for so much, as `put_in` says.

    Raises Conflict `stored-value-sold` where it is out already.
    """
    if card.state is not CardState.NEW:
        raise errors.known_already()
    session.execute(sa.update(ValueCard).where(*_is(card.key)).values(state=CardState.ACTIVE, issued_at=cause.at))
    kind = MovementKind.GIVEN if given else MovementKind.SOLD
    return put_in(session, card, amount_minor, kind=kind, cause=cause, good=good)


def load(session: Session, card: HeldCard, amount_minor: int, *, cause: Cause) -> Moved:
    """Load a prepaid card. Raises Conflict where it isn't active, is a gift card, or would hold too much."""
    if card.state is not CardState.ACTIVE:
        raise errors.unusable(card.state)
    if card.kind is not CardKind.PREPAID:
        raise errors.not_loadable()
    return put_in(session, card, amount_minor, kind=MovementKind.LOADED, cause=cause)


def pay(session: Session, card: HeldCard, amount_minor: int, *, cause: Cause) -> Moved:
    """Pay so much (above 0), first with what ends first. Raises Conflict `stored-value-too-little`."""
    taken = take(card.lots, amount_minor, on=cause.on)
    if taken.missing:
        raise errors.too_little(available(card.lots, cause.on), card.currency, card.number)
    return write_movement(session, card.key, MovementKind.PAID, taken.parts, cause)


def give_back(session: Session, card: HeldCard, seq: int, amount_minor: int, *, cause: Cause) -> Moved:
    """Give back so much (above 0) of a payment to the card that made it, to the lots that it came from.

    What came from a lot that has ended meanwhile is good again for as long as money that is put in today. A card that
    is lost or blocked gets its money too; it can be moved to a new one. Raises NotFound for no such payment, Conflict
    `stored-value-refund-too-much`.
    """
    taken, before = _taken_by(session, card.key, seq)
    if not taken:
        raise errors.no_payment()
    if amount_minor > (left := -sum(part.amount for part in taken) - before):
        raise errors.refund_too_much(left, card.currency)
    ended = {lot.id for lot in card.lots if lot.expired(cause.on)}
    parts: dict[int, int] = {}
    for part in given_back(taken, amount_minor, before=before):
        lot_id = part.lot_id
        if lot_id in ended:
            lot_id = _open_lot(session, card.key, Good(last=last_day(cause.on, card.valid_months)))
        parts[lot_id] = parts.get(lot_id, 0) + part.amount
    made = tuple(Part(lot_id, part) for lot_id, part in sorted(parts.items()))
    return write_movement(session, card.key, MovementKind.REFUNDED, made, replace(cause, reverses_seq=seq))


def refund_payment(session: Session, key: CardKey, seq: int, amount_minor: int, *, cause: Cause) -> Moved:
    """Give back so much (above 0) of a card's payment; where the card was replaced, the newer one gets it in the end.

    Raises as `give_back`.
    """
    heir = heirs_of(session, [key]).get(key)
    held = hold(session, [key] if heir is None else [key, heir])
    moved = give_back(session, held[key], seq, amount_minor, cause=cause)
    if heir is not None:
        again = held_cards(session, [key, heir])
        move(session, again[key], again[heir], cause=cause)
    return moved


def refund_receipt(session: Session, receipt: tuple[int, int], amount_minor: int, *, cause: Cause) -> list[Moved]:
    """Give back so much (above 0) of what cards paid of a receipt (customer, receipt), the last card first.

    Gives the refunds; raises Conflict `stored-value-refund-too-much` where the cards have paid less, or most of it was
    given back before.
    """
    keys = [each.key for each in payments_of(session, receipt)]
    held = hold(session, [*keys, *heirs_of(session, keys).values()])
    # Read behind the locks: another refund of the same receipt may have been waited for.
    paid = payments_of(session, receipt)
    left = sum(each.left_minor for each in paid)
    if amount_minor > left:
        raise errors.refund_too_much(left, next((card.currency for card in held.values()), ""))
    made: list[Moved] = []
    for each in reversed(paid):
        part = min(each.left_minor, amount_minor - sum(moved.amount_minor for moved in made))
        if part > 0:
            made.append(refund_payment(session, each.key, each.seq, part, cause=cause))
    return made


def move(session: Session, old: HeldCard, new: HeldCard, *, cause: Cause) -> tuple[Moved, Moved] | None:
    """Move all that lies on a card to another one, each lot with its days; None where there is nothing.

    Both movements name the other card, so that sums over both stay what they were.
    """
    lots = [lot for lot in old.lots if lot.remaining]
    if not lots:
        return None
    out = tuple(Part(lot.id, -lot.remaining) for lot in lots)
    into = tuple(Part(_open_lot(session, new.key, _days(lot)), lot.remaining) for lot in lots)
    return (
        write_movement(session, old.key, MovementKind.MOVED, out, replace(cause, other_card_id=new.key.card_id)),
        write_movement(session, new.key, MovementKind.MOVED, into, replace(cause, other_card_id=old.key.card_id)),
    )


def adjust(session: Session, card: HeldCard, amount_minor: int, *, cause: Cause) -> Moved:
    """Put right what lies on a card, up or down (not 0), with the cause's reason. Raises as `put_in` and `pay`."""
    if card.state is not CardState.ACTIVE:
        raise errors.unusable(card.state)
    if amount_minor > 0:
        return put_in(session, card, amount_minor, kind=MovementKind.ADJUSTED, cause=cause)
    taken = take(card.lots, -amount_minor, on=cause.on)
    if taken.missing:
        raise errors.too_little(available(card.lots, cause.on), card.currency, card.number, field="amount_minor")
    return write_movement(session, card.key, MovementKind.ADJUSTED, taken.parts, cause)


def call_in(session: Session, card: HeldCard, *, cause: Cause) -> None:
    """Block a card and take off it what hasn't expired, since what it was given for is undone.

    A blocked card alone could be released, or replaced as lost, and its money would be there a second time.
    """
    session.execute(sa.update(ValueCard).where(*_is(card.key)).values(state=CardState.BLOCKED))
    parts = tuple(Part(lot.id, -lot.remaining) for lot in card.lots if lot.remaining and not lot.expired(cause.on))
    if parts:
        write_movement(session, card.key, MovementKind.ADJUSTED, parts, cause)


def open_with(session: Session, key: CardKey, lots: Sequence[tuple[int, dt.date | None]], *, cause: Cause) -> Moved:
    """Take a balance over from another system: (amount above 0, last day) by lot, one lot a day."""
    parts = tuple(Part(_open_lot(session, key, Good(last=ends)), amount) for amount, ends in lots)
    return write_movement(session, key, MovementKind.OPENING, parts, cause)


def _taken_by(session: Session, key: CardKey, seq: int) -> tuple[list[Part], int]:
    """What a payment took of each lot, in that order, and how much was given back; nothing where it is no payment."""
    movement = sa.and_(ValueMovement.customer_id == key.customer_id, ValueMovement.card_id == key.card_id)
    of_lot = (
        (ValueLot.customer_id == ValueMovementLot.customer_id)
        & (ValueLot.card_id == ValueMovementLot.card_id)
        & (ValueLot.id == ValueMovementLot.lot_id)
    )
    rows = session.execute(
        sa.select(ValueMovementLot.lot_id, ValueMovementLot.amount_minor)
        .join(ValueMovement, _OF_MOVEMENT)
        .join(ValueLot, of_lot)
        .where(movement, ValueMovement.seq == seq, ValueMovement.kind == MovementKind.PAID)
        .order_by(ValueLot.last_day.asc().nulls_last(), ValueLot.id)
    )
    taken = [Part(row.lot_id, row.amount_minor) for row in rows]
    back = sa.cast(sa.func.coalesce(sa.func.sum(ValueMovement.amount_minor), 0), sa.BigInteger)
    return taken, session.execute(sa.select(back).where(movement, ValueMovement.reverses_seq == seq)).scalar_one()


def _days(of: Lot) -> Good:
    first = of.available_on
    return Good(None if first == dt.date.min else first, of.last_day)


def _open_lot(session: Session, key: CardKey, good: Good) -> int:
    """The card's lot of these days, opened empty where there is none."""
    found = insert(ValueLot).values(
        customer_id=key.customer_id, card_id=key.card_id, first_day=good.first, last_day=good.last, remaining_minor=0
    )
    upsert = found.on_conflict_do_update(
        index_elements=[ValueLot.customer_id, ValueLot.card_id, ValueLot.last_day, ValueLot.first_day],
        set_={"remaining_minor": ValueLot.remaining_minor},
    )
    return session.execute(upsert.returning(ValueLot.id)).scalar_one()


def write_movement(session: Session, key: CardKey, kind: MovementKind, parts: tuple[Part, ...], cause: Cause) -> Moved:
    """A movement with what it does to lots, and the balances beside. The card's row is held by the caller."""
    amount = sum(part.amount for part in parts)
    balance, seq = session.execute(
        sa.update(ValueCard)
        .where(*_is(key))
        .values(balance_minor=ValueCard.balance_minor + amount, last_seq=ValueCard.last_seq + 1)
        .returning(ValueCard.balance_minor, ValueCard.last_seq)
        .execution_options(synchronize_session=False)
    ).one()
    named = {"customer_id": key.customer_id, "card_id": key.card_id, "seq": seq}
    receipt_customer, receipt = cause.receipt or (None, None)
    session.execute(
        sa.insert(ValueMovement).values(
            **named,
            kind=kind,
            amount_minor=amount,
            balance_after_minor=balance,
            at=cause.at,
            on_date=cause.on,
            receipt_customer_id=receipt_customer,
            receipt_id=receipt,
            reverses_seq=cause.reverses_seq,
            other_card_id=cause.other_card_id,
            reason=cause.reason,
            store_id=cause.by.store_id,
            terminal_id=cause.by.terminal_id,
            staff_id=cause.by.staff_id,
        )
    )
    for part in parts:
        session.execute(
            sa.update(ValueLot)
            .where(*_of_lot(key), ValueLot.id == part.lot_id)
            .values(remaining_minor=ValueLot.remaining_minor + part.amount)
            .execution_options(synchronize_session=False)
        )
    session.execute(
        sa.insert(ValueMovementLot),
        [{**named, "lot_id": part.lot_id, "amount_minor": part.amount} for part in parts],
    )
    return Moved(key, seq, amount, balance, parts)


def _is(key: CardKey) -> tuple[sa.ColumnElement[bool], ...]:
    return ValueCard.customer_id == key.customer_id, ValueCard.id == key.card_id


def _of_lot(key: CardKey) -> tuple[sa.ColumnElement[bool], ...]:
    return ValueLot.customer_id == key.customer_id, ValueLot.card_id == key.card_id


_OF_MOVEMENT = (
    (ValueMovementLot.customer_id == ValueMovement.customer_id)
    & (ValueMovementLot.card_id == ValueMovement.card_id)
    & (ValueMovementLot.seq == ValueMovement.seq)
)
