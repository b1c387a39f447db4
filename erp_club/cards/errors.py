"""Refusals about cards: each says which, and what the cashier does next."""

from erp_club.kernel.errors import Conflict, FieldError, Invalid, NotFound
from erp_club.kernel.text import T


def unknown() -> NotFound:
    """Nobody has a card of this number."""
    return NotFound(
        T("Nobody has this card. Look the customer up by name or phone."), field="card", code="card-unknown"
    )


def blocked() -> Conflict:
    """The chain doesn't let this card be used."""
    return Conflict(
        T("This card is blocked. Look the customer up by name or phone, and check who it is."),
        field="card",
        code="card-blocked",
    )


def lost() -> Conflict:
    """Its owner has reported it lost."""
    return Conflict(
        T("This card was reported lost. Look the customer up by name or phone, and check who it is."),
        field="card",
        code="card-lost",
    )


def replaced() -> Conflict:
    """Its owner has a newer one."""
    return Conflict(
        T("This card was replaced. Ask for the newer one, or look the customer up by name or phone."),
        field="card",
        code="card-replaced",
    )


def of_somebody_else() -> Conflict:
    """The card that was shown isn't the customer's whose membership it is about."""
    return Conflict(
        T("This card belongs to another customer. Nothing was changed. Read the card of the customer in this sale."),
        field="card",
        code="card-of-another",
    )


def of_another_club() -> Conflict:
    """The customer's card, but of another of their clubs."""
    return Conflict(
        T("This card belongs to another club. Nothing was changed. Read the card of this club."),
        field="card",
        code="card-of-another-club",
    )


def no_card_number() -> Invalid:
    """Not 8 to 19 digits."""
    return Invalid([FieldError("card", T("A card's number has 8 to 19 digits. Scan the card again."))])


def no_customer() -> NotFound:
    """Nobody, or somebody who was merged or erased."""
    return NotFound(T("There is no such customer."), code="customer-unknown")


def is_so(state: str) -> Conflict:
    """The card is in that state already, or can't leave the one that it is in."""
    text = {
        "active": T("This card holds already. There is nothing to do."),
        "blocked": T("This card is blocked already. Release it, or give another one in its place."),
        "lost": T("This card is reported lost already. Release it if it was found, or give another one."),
        "replaced": T("This card was replaced, and stays so. Use the newer one."),
    }[state]
    return Conflict(text, code="card-is-so")


def taken() -> Conflict:
    """Somebody has the card already."""
    return Conflict(T("Somebody has this card already. Take another one."), field="card", code="card-taken")
