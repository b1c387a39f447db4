"""What pages show of cards."""

import datetime as dt

from pydantic import BaseModel

from erp_club.cards import queries
from erp_club.cards.kinds import CardState
from erp_club.clubs.queries import clubs
from erp_club.customers.queries import record
from web.deps import Act


class CardLine(BaseModel):
    """A card; `club` are the names of the only club that it holds in, null where it holds in all."""

    id: int
    number: str
    customer_id: int
    club: dict[str, str] | None
    state: CardState
    issued_at: dt.datetime


class CardsView(BaseModel):
    """A customer's cards, the newest first."""

    customer_id: int
    cards: list[CardLine]


class CardPage(BaseModel):
    """A card with its owner."""

    card: CardLine
    name: str


def card_line(act: Act, row: queries.CardRow) -> CardLine:
    """One card."""
    names = {club.id: club.names for club in clubs(act.session)} if row.club_id else {}
    return _line(row, names)


def cards_view(act: Act, customer_id: int) -> CardsView:
    """The customer's cards."""
    rows = queries.cards_of(act.session, customer_id)
    names = {club.id: club.names for club in clubs(act.session)} if any(row.club_id for row in rows) else {}
    return CardsView(customer_id=customer_id, cards=[_line(row, names) for row in rows])


def card_page(act: Act, card_id: int) -> CardPage:
    """A card to be shown to a scanner. Raises NotFound."""
    row = queries.card(act.session, card_id)
    owner = record(act.session, row.customer_id)
    return CardPage(card=card_line(act, row), name=f"{owner.given_name} {owner.family_name}".strip())


def _line(row: queries.CardRow, names: dict[int, dict[str, str]]) -> CardLine:
    return CardLine(
        id=row.id,
        number=row.number,
        customer_id=row.customer_id,
        club=names.get(row.club_id) if row.club_id else None,
        state=row.state,
        issued_at=row.issued_at,
    )
