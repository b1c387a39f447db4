"""The kinds and states of prepaid and gift cards, and why their money moved. Pure."""

from enum import StrEnum


class CardKind(StrEnum):
    """A prepaid card is loaded again and again; a gift card holds what it was sold or given with."""

    PREPAID = "prepaid"
    GIFT = "gift"


class VatAt(StrEnum):
    """When VAT is due: with the sale of the card (a single-purpose voucher), or when it pays (a multi-purpose one).

    Council Directive 2006/112/EC, articles 30a and 30b.
    """

    SALE = "sale"
    USE = "use"


class ProductState(StrEnum):
    """A closed kind of card is sold no more; the cards that are out stay as good as they are."""

    ACTIVE = "active"
    CLOSED = "closed"


class CardState(StrEnum):
    """Only an active card pays and is loaded. A new one lies ready and is worth nothing; a closed one stays closed."""

    NEW = "new"
    ACTIVE = "active"
    BLOCKED = "blocked"
    LOST = "lost"
    CLOSED = "closed"


class MovementKind(StrEnum):
    """Why money moved."""

    SOLD = "sold"
    GIVEN = "given"
    LOADED = "loaded"
    PAID = "paid"
    REFUNDED = "refunded"
    MOVED = "moved"
    EXPIRED = "expired"
    ADJUSTED = "adjusted"
    OPENING = "opening"
    """Taken over from another system."""
