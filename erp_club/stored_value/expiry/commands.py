"""Booking out what has expired, in portions: a job calls it with the cursor that it keeps in the same transaction.

What has expired can't be used from the next day on, whether it is booked or not; so a late run changes nothing for
customers, and a second one finds nothing left to do.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from erp_club.permissions.actors import Actor
from erp_club.stored_value.kinds import MovementKind
from erp_club.stored_value.models import ValueCard, ValueLot, ValueMovement, ValueMovementLot
from erp_club.stored_value.numbers import CardKey

PORTION = 1_000
"""So many cards at once: their rows are locked until the portion is committed."""
_START = CardKey(-1, -1)


@dataclass(frozen=True, slots=True)
class Expired:
    """A portion: how many cards lost how much, and the last one looked at; None when there are no more."""

    cards: int
    amount_minor: int
    last: CardKey | None


@dataclass(frozen=True, slots=True)
class Expiring:
    """What a run would do: how many cards lose how much in all."""

    cards: int
    amount_minor: int


def expiring(session: Session, *, on: dt.date) -> Expiring:
    """What has expired before this day and isn't booked out yet."""
    row = session.execute(
        sa.select(
            sa.func.count(sa.distinct(sa.tuple_(ValueLot.customer_id, ValueLot.card_id))),
            sa.cast(sa.func.coalesce(sa.func.sum(ValueLot.remaining_minor), 0), sa.BigInteger),
        ).where(ValueLot.remaining_minor > 0, ValueLot.last_day < on)
    ).one()
    return Expiring(*row)


def expire_cards(
    session: Session,
    *,
    on: dt.date,
    now: dt.datetime,
    by: Actor,
    after: CardKey | None = None,
    run_id: int | None = None,
    limit: int = PORTION,
) -> Expired:
    """Book out what expired before the day `on` on the next cards behind `after`, in the order of their keys.

    Cards that sales hold are waited for. Safe to repeat, and to run twice at once.
    """
    start = after or _START
    due = session.execute(_DUE, {"on": on, "from_customer": start[0], "from_card": start[1], "most": limit}).all()
    if not due:
        return Expired(0, 0, None)
    customers, cards = [row.customer_id for row in due], [row.card_id for row in due]
    keys = {"customers": customers, "cards": cards}
    session.execute(_LOCK, keys)
    # A statement of its own: its snapshot shows what a sale that was waited for has left in the lots.
    done = session.execute(
        _EXPIRE,
        keys
        | {"on": on, "now": now, "run": run_id, "staff": by.staff_id, "terminal": by.terminal_id, "store": by.store_id},
    ).one()
    return Expired(done.cards, done.amount_minor, CardKey(customers[-1], cards[-1]))


def _keys() -> sa.FromClause:
    rows = sa.func.unnest(
        sa.bindparam("customers", type_=ARRAY(sa.BigInteger)), sa.bindparam("cards", type_=ARRAY(sa.BigInteger))
    ).table_valued(sa.column("customer_id", sa.BigInteger), sa.column("card_id", sa.BigInteger), name="due")
    return rows.render_derived(name="due")


def _lost(on: sa.BindParameter[dt.date]) -> sa.CTE:
    """The lots of the given cards that have ended, emptied, with what was in them."""
    keys = _keys()
    lots = (
        sa.update(ValueLot)
        .where(
            ValueLot.customer_id == keys.c.customer_id,
            ValueLot.card_id == keys.c.card_id,
            ValueLot.remaining_minor > 0,
            ValueLot.last_day < on,
        )
        .values(remaining_minor=0)
        .returning(ValueLot.customer_id, ValueLot.card_id, ValueLot.id)
        .cte("lots")
    )
    # Read beside the update, the rows are still as the snapshot shows them.
    of_lot = (
        (lots.c.customer_id == ValueLot.customer_id) & (lots.c.card_id == ValueLot.card_id) & (lots.c.id == ValueLot.id)
    )
    return (
        sa.select(ValueLot.customer_id, ValueLot.card_id, ValueLot.id, ValueLot.remaining_minor)
        .join(lots, of_lot)
        .cte("lost")
    )


def _moved(lost: sa.CTE) -> sa.CTE:
    """The cards that the lots belong to, with what is left and what went."""
    amount = sa.cast(sa.func.sum(lost.c.remaining_minor), sa.BigInteger).label("amount")
    sums = (
        sa.select(lost.c.customer_id, lost.c.card_id, amount).group_by(lost.c.customer_id, lost.c.card_id).cte("sums")
    )
    return (
        sa.update(ValueCard)
        .where(ValueCard.customer_id == sums.c.customer_id, ValueCard.id == sums.c.card_id)
        .values(balance_minor=ValueCard.balance_minor - sums.c.amount, last_seq=ValueCard.last_seq + 1)
        .returning(ValueCard.customer_id, ValueCard.id, ValueCard.balance_minor, ValueCard.last_seq, sums.c.amount)
        .cte("moved")
    )


def _expire() -> sa.Select[Any, Any]:
    on = sa.bindparam("on", type_=sa.Date)
    lost = _lost(on)
    cards = _moved(lost)
    values: dict[str, Any] = {
        "customer_id": cards.c.customer_id,
        "card_id": cards.c.id,
        "seq": cards.c.last_seq,
        "kind": sa.literal_column(f"'{MovementKind.EXPIRED.value}'"),
        "amount_minor": -cards.c.amount,
        "balance_after_minor": cards.c.balance_minor,
        "at": sa.bindparam("now", type_=sa.DateTime(timezone=True)),
        "on_date": on,
        "run_id": sa.bindparam("run", type_=sa.BigInteger),
        "store_id": sa.bindparam("store", type_=sa.Integer),
        "terminal_id": sa.bindparam("terminal", type_=sa.Integer),
        "staff_id": sa.bindparam("staff", type_=sa.Integer),
    }
    moved = sa.insert(ValueMovement).from_select(list(values), sa.select(*values.values())).cte("movements")
    parts: dict[str, Any] = {
        "customer_id": lost.c.customer_id,
        "card_id": lost.c.card_id,
        "seq": cards.c.last_seq,
        "lot_id": lost.c.id,
        "amount_minor": -lost.c.remaining_minor,
    }
    of_card = (cards.c.customer_id == lost.c.customer_id) & (cards.c.id == lost.c.card_id)
    rows = sa.select(*parts.values()).select_from(lost.join(cards, of_card))
    shared = sa.insert(ValueMovementLot).from_select(list(parts), rows).cte("movement_lots")
    total = sa.cast(sa.func.coalesce(sa.func.sum(cards.c.amount), 0), sa.BigInteger)
    counted = sa.select(sa.func.count().label("cards"), total.label("amount_minor")).select_from(cards)
    return counted.add_cte(moved, shared)


_DUE = (
    sa.select(ValueLot.customer_id, ValueLot.card_id)
    .where(
        ValueLot.remaining_minor > 0,
        ValueLot.last_day < sa.bindparam("on", type_=sa.Date),
        sa.tuple_(ValueLot.customer_id, ValueLot.card_id)
        > sa.tuple_(sa.bindparam("from_customer", type_=sa.BigInteger), sa.bindparam("from_card", type_=sa.BigInteger)),
    )
    .distinct()
    .order_by(ValueLot.customer_id, ValueLot.card_id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_LOCKED = _keys()
_LOCK = (
    sa.select(ValueCard.id)
    .join(_LOCKED, (_LOCKED.c.customer_id == ValueCard.customer_id) & (_LOCKED.c.card_id == ValueCard.id))
    .order_by(ValueCard.customer_id, ValueCard.id)
    .with_for_update(key_share=True, of=ValueCard)
)
_EXPIRE = _expire()
