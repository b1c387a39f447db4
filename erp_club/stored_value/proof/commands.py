"""Whoever names a card's number, and its PIN where it has one, may use it; guessing is counted.

A card's row is locked before its PIN is looked at, and the wrong one is counted in the same transaction, which whoever
calls has to commit although the request is refused. So of any number of guesses at one moment each waits for the one
before it, and the sixth isn't looked at.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.kernel.errors import Refused
from erp_club.permissions.passwords import verify_password
from erp_club.permissions.tries.commands import tell_guessing
from erp_club.permissions.tries.kinds import Kind
from erp_club.stored_value import errors
from erp_club.stored_value.commands import hold
from erp_club.stored_value.issued.commands import LOCKED_AT
from erp_club.stored_value.kinds import CardState
from erp_club.stored_value.models import ValueCard, WrongEntry
from erp_club.stored_value.numbers import CardKey, compact
from erp_club.stored_value.queries import key_by_number

MOST_WRONG = 10
"""So many different wrong entries within `WRONG_WITHIN` lock a till, or a person, for `LOCKED_FOR`."""
WRONG_WITHIN = dt.timedelta(minutes=10)
LOCKED_FOR = dt.timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Entered:
    """A number and PIN as they were entered; `field` is where, for the refusal."""

    number: str
    pin: str | None = None
    field: str = "number"


@dataclass(frozen=True, slots=True)
class Proof:
    """The cards of the entries, in their order, held until the transaction ends; or why there are none.

    With a refusal the transaction is to be committed (it has counted) and the refusal raised then.
    """

    keys: tuple[CardKey, ...] = ()
    refusal: Refused | None = None


def prove(
    session: Session, entries: Sequence[Entered], *, scope: str, now: dt.datetime, also: Sequence[str] = ()
) -> Proof:
    """Find and lock the cards of these entries; `scope` is who enters, as `terminal:7`.

    The cards of the numbers `also` are locked with them, unproven: two sales that each pay with the card that the other
    one loads would else wait for each other.

    An unknown number, a wrong or missing PIN and a card locked by wrong PINs are told alike and take alike long. A card
    that is blocked, lost, closed or not sold yet is told as such to whoever has proven it. Raises Throttled where
    nothing is taken here for a while, Invalid for one card twice.
    """
    locked = session.scalar(
        sa.select(sa.func.max(WrongEntry.locked_until)).where(WrongEntry.scope == scope, WrongEntry.locked_until > now)
    )
    if locked is not None:
        raise errors.throttled(locked, now, field=entries[0].field if entries else "number")
    found = [key_by_number(session, compact(entry.number)) for entry in entries]
    others = [key_by_number(session, compact(number)) for number in also]
    held = hold(session, [key for key in (*found, *others) if key is not None])
    seen: set[CardKey] = set()
    for entry, key in zip(entries, found, strict=True):
        if not _is_right(session, key, entry.pin):
            _count_wrong(session, scope, entry, now=now)
            return Proof(refusal=errors.not_proven(entry.field))
        assert key is not None
        if key in seen:
            raise errors.twice(entry.field)
        seen.add(key)
        if held[key].state is not CardState.ACTIVE:
            raise errors.unusable(held[key].state, field=entry.field)
    return Proof(tuple(key for key in found if key is not None))


def _is_right(session: Session, key: CardKey | None, pin: str | None) -> bool:
    """Whether the PIN opens the card, whose row is locked; a wrong one is counted, a right one ends the counting.

    What doesn't exist takes as long as what has a PIN.
    """
    card = None
    if key is not None:
        card = session.execute(
            sa.select(ValueCard.pin_hash, ValueCard.wrong_pins).where(
                ValueCard.customer_id == key.customer_id, ValueCard.id == key.card_id
            )
        ).one()
        if card.pin_hash is None:
            return True
    right = verify_password(pin or "", card.pin_hash if card else None)
    if key is None or card is None or card.wrong_pins >= LOCKED_AT:
        return False
    if right and not card.wrong_pins:
        return True
    if right or pin:
        session.execute(
            sa.update(ValueCard)
            .where(ValueCard.customer_id == key.customer_id, ValueCard.id == key.card_id)
            .values(wrong_pins=0 if right else ValueCard.wrong_pins + 1)
            .execution_options(synchronize_session=False)
        )
    return right


def _count_wrong(session: Session, scope: str, entry: Entered, *, now: dt.datetime) -> None:
    """Count a wrong entry; the one too many locks the scope. The same entry again is no new attempt."""
    # One at a time for each till: two requests at once would each see one too few.
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"value-entry {scope}", 0))))
    session.execute(sa.delete(WrongEntry).where(WrongEntry.scope == scope, WrongEntry.at <= now - WRONG_WITHIN))
    told = f"{compact(entry.number)} {entry.pin or ''}".encode(errors="replace")
    session.execute(
        insert(WrongEntry)
        .values(scope=scope, entry_hash=hashlib.sha256(told).digest(), at=now)
        .on_conflict_do_nothing()
    )
    counted = session.scalar(sa.select(sa.func.count()).where(WrongEntry.scope == scope)) or 0
    in_all = session.scalar(sa.select(sa.func.count()).where(WrongEntry.at > now - WRONG_WITHIN)) or 0
    locked = counted >= MOST_WRONG
    if locked:
        session.execute(
            sa.update(WrongEntry)
            .where(WrongEntry.scope == scope, WrongEntry.at == now)
            .values(locked_until=now + LOCKED_FOR)
        )
    until = now + LOCKED_FOR if locked else None
    tell_guessing(session, Kind.CARDS, scope, now=now, until=until, in_all=in_all)
