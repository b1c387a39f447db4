"""Cards as head office sees them: the list, one card, a customer's, and what a bearer is told."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.models import Customer
from erp_club.customers.queries import family_of
from erp_club.kernel.reading import in_portions
from erp_club.stored_value import errors
from erp_club.stored_value.issued.commands import LOCKED_AT
from erp_club.stored_value.kinds import CardKind, CardState, VatAt
from erp_club.stored_value.models import CardProduct, ValueCard, ValueLot


class Standing(StrEnum):
    """Where a card stands: its state, an active one also locked by wrong PINs, or with nothing on it."""

    USABLE = "usable"
    EMPTY = "empty"
    LOCKED = "locked"
    NEW = "new"
    BLOCKED = "blocked"
    LOST = "lost"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class CardRow:
    """A card. `first_end` is the last day of the money that ends first, `usable_minor` what can be used on the day."""

    customer_id: int
    id: int
    number: str
    product_id: int
    product_code: str
    names: Mapping[str, str]
    kind: CardKind
    vat_at: VatAt
    currency: str
    has_pin: bool
    state: CardState
    wrong_pins: int
    balance_minor: int
    usable_minor: int
    first_end: dt.date | None
    issued_at: dt.datetime
    replaced_by: int | None
    customer_number: str | None
    customer_name: str | None

    @property
    def standing(self) -> Standing:
        """Where the card stands."""
        if self.state is not CardState.ACTIVE:
            return Standing(self.state.value)
        if self.wrong_pins >= LOCKED_AT:
            return Standing.LOCKED
        return Standing.USABLE if self.usable_minor else Standing.EMPTY


@dataclass(frozen=True, slots=True)
class CardFilters:
    """Which cards; None means any. `customer` is a customer's number. `today` decides what can be used."""

    today: dt.date
    product_id: int | None = None
    standing: Standing | None = None
    customer: str | None = None
    ends_before: dt.date | None = None


def listing(
    session: Session, filters: CardFilters, *, sort: str, descending: bool, offset: int, limit: int
) -> list[CardRow]:
    """The cards of one page, by one of `SORTS`; equals by id."""
    rows = session.execute(_ordered(filters, sort, descending=descending).offset(offset).limit(limit))
    return [_row(row) for row in rows]


def count(session: Session, filters: CardFilters, *, most: int) -> int:
    """How many cards match, counted no further than `most`."""
    found = _cards(filters.today).where(*_where(filters)).with_only_columns(ValueCard.id).limit(most).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(found)) or 0


def every(session: Session, filters: CardFilters, *, sort: str, descending: bool) -> Iterator[CardRow]:
    """All that match, read in portions."""
    for row in in_portions(session, _ordered(filters, sort, descending=descending)):
        yield _row(row)


def card(session: Session, card_id: int, *, today: dt.date) -> CardRow:
    """One card. Raises NotFound."""
    row = session.execute(_cards(today).where(ValueCard.id == card_id)).one_or_none()
    if row is None:
        raise errors.no_card()
    return _row(row)


def cards_of(session: Session, customer_id: int, *, today: dt.date, limit: int) -> list[CardRow]:
    """A customer's cards, the newest first, with those of whoever became this customer."""
    asked = _cards(today).where(ValueCard.customer_id.in_(family_of(customer_id)))
    rows = session.execute(asked.order_by(ValueCard.issued_at.desc(), ValueCard.id.desc()).limit(limit))
    return [_row(row) for row in rows]


def id_by_number(session: Session, number: str) -> int | None:
    """The id of the card of this compact number, for whoever may see all cards."""
    return session.scalar(sa.select(ValueCard.id).where(ValueCard.number == number))


def _cards(today: dt.date) -> sa.Select[*tuple[Any, ...]]:
    of_card = (ValueLot.customer_id == ValueCard.customer_id) & (ValueLot.card_id == ValueCard.id)
    holds = sa.and_(
        ValueLot.last_day.is_(None) | (ValueLot.last_day >= today),
        ValueLot.first_day.is_(None) | (ValueLot.first_day <= today),
    )
    lots = (
        sa.select(
            sa.cast(sa.func.coalesce(sa.func.sum(ValueLot.remaining_minor), 0), sa.BigInteger).label("usable"),
            sa.func.min(ValueLot.last_day).label("first_end"),
        )
        .where(of_card, holds, ValueLot.remaining_minor > 0)
        .correlate(ValueCard)
        .lateral("usable_lots")
    )
    name = sa.func.nullif(sa.func.trim(Customer.given_name + " " + Customer.family_name), "")
    bearer = ValueCard.customer_id == 0
    return (
        sa.select(
            ValueCard.customer_id,
            ValueCard.id,
            ValueCard.number,
            ValueCard.product_id,
            CardProduct.code.label("product_code"),
            CardProduct.names,
            CardProduct.kind,
            CardProduct.vat_at,
            CardProduct.currency,
            ValueCard.pin_hash.is_not(None).label("has_pin"),
            ValueCard.state,
            ValueCard.wrong_pins,
            ValueCard.balance_minor,
            lots.c.usable,
            lots.c.first_end,
            ValueCard.issued_at,
            ValueCard.replaced_by,
            sa.case((~bearer, Customer.number)).label("customer_number"),
            sa.case((~bearer, name)).label("customer_name"),
        )
        .join(CardProduct, CardProduct.id == ValueCard.product_id)
        .join(Customer, Customer.id == ValueCard.customer_id)
        .join(lots, sa.true())
    )


_SORTS: dict[str, Any] = {
    "issued_at": ValueCard.issued_at,
    "balance": ValueCard.balance_minor,
    "first_end": sa.literal_column("usable_lots.first_end"),
}
SORTS = tuple(_SORTS)


def _ordered(filters: CardFilters, sort: str, *, descending: bool) -> sa.Select[*tuple[Any, ...]]:
    column = _SORTS[sort]
    first = sa.nulls_last(column.desc() if descending else column.asc())
    return _cards(filters.today).where(*_where(filters)).order_by(first, ValueCard.id)


def _where(filters: CardFilters) -> list[sa.ColumnElement[bool]]:
    made: list[sa.ColumnElement[bool]] = []
    if filters.product_id is not None:
        made.append(ValueCard.product_id == filters.product_id)
    if filters.customer is not None:
        made += [Customer.number == filters.customer, ValueCard.customer_id != 0]
    if filters.ends_before is not None:
        made.append(sa.literal_column("usable_lots.first_end", sa.Date()) < filters.ends_before)
    if filters.standing is not None:
        made += _standing(filters.standing)
    return made


def _standing(standing: Standing) -> list[sa.ColumnElement[bool]]:
    active, locked = ValueCard.state == CardState.ACTIVE, ValueCard.wrong_pins >= LOCKED_AT
    usable = sa.literal_column("usable_lots.usable", sa.BigInteger())
    match standing:
        case Standing.USABLE:
            return [active, ~locked, usable > 0]
        case Standing.EMPTY:
            return [active, ~locked, usable == 0]
        case Standing.LOCKED:
            return [active, locked]
        case _:
            return [ValueCard.state == standing.value]


def _row(row: Any) -> CardRow:
    made = CardRow(*row)
    return replace(made, kind=CardKind(made.kind), vat_at=VatAt(made.vat_at), state=CardState(made.state))
