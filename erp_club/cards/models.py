"""Member cards: an EAN-13 that identifies a customer, in one club or in all of theirs."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.cards.kinds import CardState
from erp_club.kernel.db import Base

CARD_NUMBERS = sa.Sequence("card_numbers", metadata=Base.metadata)
"""Numbers our own cards; see numbers.py."""


class Card(Base):
    """A card's number is unique over all customers. Without a club it holds in every club its customer joins.

    `id` stands in addresses, where a number that identifies has no place. `replaced_by` is the id of the newer card.
    """

    __tablename__ = "cards"
    __table_args__ = (
        sa.CheckConstraint("state IN ('active', 'blocked', 'lost', 'replaced')", name="state_known"),
        sa.CheckConstraint("replaced_by IS NULL OR state = 'replaced'", name="replaced_by_a_card"),
        sa.Index("ix_cards_number", "number", postgresql_ops={"number": "text_pattern_ops"}),
        sa.CheckConstraint("number ~ '^[0-9]{8,19}$'", name="number_form"),
    )

    number: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), unique=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"), index=True)
    club_id: Mapped[int | None] = mapped_column(sa.ForeignKey("clubs.id"))
    state: Mapped[CardState] = mapped_column(sa.Text, server_default=CardState.ACTIVE.value)
    issued_at: Mapped[dt.datetime]
    replaced_by: Mapped[int | None] = mapped_column(sa.ForeignKey("cards.id"))
