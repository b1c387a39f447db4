"""Prepaid and gift cards from a file: taken over with what is on them, one row for each last day.

A card that is known with the same money (as it was taken over, or as it lies on it now) is passed over, with other
money refused. A PIN comes as its digits, or as the hash that an export holds.
"""

import datetime as dt
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from erp_club.imports import staging
from erp_club.imports.formats import Reading, Refusal
from erp_club.imports.outcome import Outcome, told
from erp_club.imports.staging import Progress
from erp_club.kernel.text import TN, T, Text
from erp_club.organisation.models import Chain
from erp_club.permissions.actors import Actor
from erp_club.permissions.passwords import hash_password
from erp_club.stored_value import commands, queries
from erp_club.stored_value.commands import Cause
from erp_club.stored_value.issued.commands import new_card
from erp_club.stored_value.kinds import CardKind, CardState, VatAt
from erp_club.stored_value.models import CardProduct
from erp_club.stored_value.products.queries import imported_into
from erp_club.stored_value.products.settings import MOST_MINOR

HASH = "$argon2id$"
Money = dict[dt.date | None, int]
_PHASE = T("Prepaid and gift cards")
_NAMES = {
    CardKind.GIFT: {"en": "Gift card", "he": "כרטיס מתנה", "fi": "Lahjakortti", "sv": "Presentkort"},
    CardKind.PREPAID: {"en": "Prepaid card", "he": "כרטיס נטען", "fi": "Latauskortti", "sv": "Värdekort"},
}


@dataclass(slots=True)
class Wanted:
    """A card as its rows say; `line` is the first of them."""

    line: int
    rows: int
    kind: CardKind
    state: CardState
    pin: str | None
    money: Money = field(default_factory=dict[dt.date | None, int])


def take(
    session: Session, reading: Reading, progress: Progress, *, now: dt.datetime, today: dt.date, by: Actor
) -> Outcome:
    """Read the whole file, then take its cards over."""
    read, wanted = _read(session, reading, progress)
    progress.phase(_PHASE)
    kinds: dict[CardKind, int] = {}
    taken = unchanged = 0
    for number, card in wanted.items():
        key = queries.key_by_number(session, number)
        if key is None:
            _take_over(session, number, card, _product(session, kinds, card.kind, now=now), Cause(now, today, by))
            taken += card.rows
        elif card.money in queries.known_money(session, key):
            unchanged += card.rows
        else:
            text = T("This card is known with other money on it. What is on it can be put right in the back office.")
            staging.refuse(session, [Refusal(card.line, "balance", "", text)])
    cards = sum(1 for _ in wanted) if taken else 0
    return Outcome(
        kind=reading.form.kind,
        read=read,
        taken=taken,
        unchanged=unchanged,
        refused=read - taken - unchanged,
        warnings=reading.warnings,
        notes=told((cards, TN("%(num)s card was read.", "%(num)s cards were read.", cards))),
    )


def _read(session: Session, reading: Reading, progress: Progress) -> tuple[int, dict[str, Wanted]]:
    """How many rows there are, and the cards of those that can be taken; the others are refused."""
    read = 0
    wanted: dict[str, Wanted] = {}
    refused: set[str] = set()
    for batch in reading.batches():
        read += len(batch.lines) + len({refusal.line for refusal in batch.refusals})
        staging.refuse(session, batch.refusals)
        refused |= {str(group[0]) for _, group in batch.refused_groups if group[0] is not None}
        columns = dict(zip(reading.columns, batch.values, strict=True))
        none: list[object] = [None] * len(batch.lines)
        cells = zip(
            batch.lines,
            *(columns.get(name, none) for name in ("number", "pin", "kind", "balance", "last_day", "state")),
            strict=True,
        )
        for line, number, pin, kind, balance, last_day, state in cells:
            row = Wanted(line, 1, CardKind(str(kind)), CardState(str(state or "active")), pin and str(pin))  # type: ignore[arg-type]
            row.money = {last_day: balance} if balance else {}  # type: ignore[dict-item]
            fault = _add(wanted, str(number), row)
            if fault is not None:
                staging.refuse(session, [Refusal(line, "number", str(number), fault)])
                refused.add(str(number))
        progress.read(reading.table.bytes_read, reading.table.total_bytes)
    return read, {number: card for number, card in wanted.items() if number not in refused}


def _add(wanted: dict[str, Wanted], number: str, row: Wanted) -> Text | None:
    """Add a row to its card; why it doesn't fit, if so."""
    card = wanted.setdefault(number, row)
    if card is row:
        return None
    if (card.kind, card.state, card.pin) != (row.kind, row.state, row.pin):
        return T("The rows of this card differ in kind, state or PIN.")
    if set(card.money) & set(row.money) or not row.money:
        return T("This card stands twice with the same last day.")
    card.money |= row.money
    card.rows += 1
    return None


def _product(session: Session, kinds: dict[CardKind, int], kind: CardKind, *, now: dt.datetime) -> int:
    """The kind that cards of a file belong to: the oldest one, or one that is opened and named so."""
    if kind not in kinds:
        found = imported_into(session, kind)
        kinds[kind] = found if found is not None else _open_product(session, kind, now=now)
    return kinds[kind]


def _open_product(session: Session, kind: CardKind, *, now: dt.datetime) -> int:
    product = CardProduct(
        code=f"IMPORTED-{kind.value.upper()}",
        names=_NAMES[kind],
        kind=kind,
        currency=session.get_one(Chain, 1).currency,
        vat_at=VatAt.USE,
        has_pin=False,
        amounts_minor=[],
        least_minor=1,
        most_minor=MOST_MINOR,
        created_at=now,
    )
    session.add(product)
    session.flush()
    return product.id


def _take_over(session: Session, number: str, card: Wanted, product_id: int, cause: Cause) -> None:
    pin_hash = card.pin if card.pin is None or card.pin.startswith(HASH) else hash_password(card.pin)
    # Only a card that is out can hold money.
    key = new_card(session, product_id, number=number, pin_hash=pin_hash, state=card.state, now=cause.at)
    if card.money:
        commands.open_with(session, key, [(amount, ends) for ends, amount in card.money.items()], cause=cause)
