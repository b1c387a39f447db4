"""Gift cards for many customers at once: what a job gives."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from erp_club.permissions.actors import Actor
from erp_club.stored_value import errors
from erp_club.stored_value.kinds import CardState, MovementKind, ProductState
from erp_club.stored_value.models import CardProduct, ValueCard, ValueLot, ValueMovement, ValueMovementLot, ValueNumber
from erp_club.stored_value.numbers import new_number


@dataclass(frozen=True, slots=True)
class WantedCard:
    """A customer's new card with so much on it, good from a day on, or at once, until a day, included, or for ever."""

    customer_id: int
    amount_minor: int
    last_day: dt.date | None
    first_day: dt.date | None = None


def is_given_out(session: Session, product_id: int) -> bool:
    """Whether cards of a kind can be given now without asking the customer anything."""
    return bool(
        session.scalar(
            sa.select(CardProduct.id).where(
                CardProduct.id == product_id, CardProduct.state == ProductState.ACTIVE, ~CardProduct.has_pin
            )
        )
    )


def give_cards(
    session: Session,
    product_id: int,
    wanted: Sequence[WantedCard],
    *,
    reason: str,
    on: dt.date,
    now: dt.datetime,
    by: Actor,
    run_id: int | None = None,
) -> list[int]:
    """Give each of these customers a new card of the kind, and give the cards' ids in the same order.

    Raises Conflict `card-product-closed` where none of the kind is given any more.
    """
    if not wanted:
        return []
    if not is_given_out(session, product_id):
        raise errors.product_closed()
    # Twenty random digits: two alike are refused by the key, and don't happen in the life of a chain.
    numbers = [new_number() for _ in wanted]
    values = {
        "owners": [each.customer_id for each in wanted],
        "numbers": numbers,
        "amounts": [each.amount_minor for each in wanted],
        "firsts": [each.first_day for each in wanted],
        "lasts": [each.last_day for each in wanted],
        "product": product_id,
        "on": on,
        "now": now,
        "run": run_id,
        "reason": reason,
        "staff": by.staff_id,
        "terminal": by.terminal_id,
        "store": by.store_id,
    }
    ids = {row.number: row.id for row in session.connection().execute(_GIVE, values)}
    return [ids[number] for number in numbers]


_ONE = sa.literal_column("1", sa.BigInteger())


def _wanted() -> sa.FromClause:
    kinds = {
        "owners": sa.BigInteger(), "numbers": sa.Text(), "amounts": sa.BigInteger(), "lasts": sa.Date(),
        "firsts": sa.Date(),
    }  # fmt: skip
    listed = sa.func.unnest(*(sa.bindparam(name, type_=ARRAY(kind)) for name, kind in kinds.items()))
    rows = listed.table_valued(*(sa.column(name, kind) for name, kind in kinds.items()), name="wanted")
    return rows.render_derived(name="wanted")


def _give() -> sa.Select[Any, Any]:
    now = sa.bindparam("now", type_=sa.DateTime(timezone=True))
    rows = _wanted()
    card: dict[str, Any] = {
        "customer_id": rows.c.owners,
        "product_id": sa.bindparam("product", type_=sa.Integer),
        "number": rows.c.numbers,
        "state": sa.literal_column(f"'{CardState.ACTIVE.value}'"),
        "balance_minor": rows.c.amounts,
        "last_seq": _ONE,
        "issued_at": now,
    }
    cards = (
        sa.insert(ValueCard)
        .from_select(list(card), sa.select(*card.values()).select_from(rows))
        .returning(ValueCard.customer_id, ValueCard.id, ValueCard.number, ValueCard.balance_minor)
        .cte("cards")
    )
    names = ["number", "customer_id", "card_id"]
    numbers = sa.insert(ValueNumber).from_select(
        names, sa.select(cards.c.number, cards.c.customer_id, cards.c.id)
    )  # fmt: skip
    again = _wanted()
    lots = (
        sa.insert(ValueLot)
        .from_select(
            ["customer_id", "card_id", "first_day", "last_day", "remaining_minor"],
            sa.select(cards.c.customer_id, cards.c.id, again.c.firsts, again.c.lasts, cards.c.balance_minor).join(
                again, again.c.numbers == cards.c.number
            ),
        )
        .returning(ValueLot.customer_id, ValueLot.card_id, ValueLot.id, ValueLot.remaining_minor)
        .cte("lots")
    )
    moved: dict[str, Any] = {
        "customer_id": cards.c.customer_id,
        "card_id": cards.c.id,
        "seq": _ONE,
        "kind": sa.literal_column(f"'{MovementKind.GIVEN.value}'"),
        "amount_minor": cards.c.balance_minor,
        "balance_after_minor": cards.c.balance_minor,
        "at": now,
        "on_date": sa.bindparam("on", type_=sa.Date),
        "run_id": sa.bindparam("run", type_=sa.BigInteger),
        "reason": sa.bindparam("reason", type_=sa.Text),
        **{f"{name}_id": sa.bindparam(name, type_=sa.Integer) for name in ("store", "terminal", "staff")},
    }
    movements = sa.insert(ValueMovement).from_select(list(moved), sa.select(*moved.values()))
    parts = sa.insert(ValueMovementLot).from_select(
        ["customer_id", "card_id", "seq", "lot_id", "amount_minor"],
        sa.select(lots.c.customer_id, lots.c.card_id, _ONE, lots.c.id, lots.c.remaining_minor),
    )
    return sa.select(cards.c.number, cards.c.id).add_cte(
        numbers.cte("kept"), movements.cte("movements"), parts.cte("parts")
    )


_GIVE = _give()
