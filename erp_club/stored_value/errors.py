"""Refusals about prepaid and gift cards: each says what the cashier or head office does next."""

import datetime as dt
from collections.abc import Mapping

from erp_club.kernel.errors import Conflict, FieldError, Invalid, NotFound, Refused, Throttled
from erp_club.kernel.text import Money, T, Text
from erp_club.stored_value.numbers import masked


def not_proven(field: str) -> Refused:
    """No card of this number, a wrong or missing PIN, or a card locked by too many wrong PINs: all told alike."""
    return Refused(
        T(
            "No card can be used with this number and PIN. Check both. Five wrong PINs lock a card; "
            "head office can open it again."
        ),
        field=field,
        code="stored-value-refused",
    )


def throttled(until: dt.datetime, now: dt.datetime, *, field: str) -> Throttled:
    """Too many wrong numbers or PINs were entered here."""
    seconds = max(1, round((until - now).total_seconds()))
    text = T("Too many wrong numbers or PINs were entered here. Wait %(minutes)s min.", minutes=-(-seconds // 60))
    return Throttled(text, retry_after=seconds, field=field, code="stored-value-throttled")


def no_card() -> NotFound:
    """There is no such card."""
    return NotFound(T("There is no such prepaid or gift card."), code="stored-value-unknown")


def no_product() -> NotFound:
    """There is no such kind of card."""
    return NotFound(T("There is no such kind of card."), code="card-product-unknown")


def no_customer() -> NotFound:
    """Nobody, or somebody who was merged or erased."""
    return NotFound(T("There is no such customer."), field="customer", code="customer-unknown")


def unusable(state: str, *, field: str | None = None) -> Conflict:
    """The card isn't active."""
    text: dict[str, Text] = {
        "new": T("This card hasn't been sold yet, so there is nothing on it. Sell it first."),
        "blocked": T("This card is blocked. Ask head office."),
        "lost": T("This card was reported lost. Keep it, and ask the manager."),
        "closed": T("This card is closed. Use the newer one."),
    }
    return Conflict(text[state], field=field, code=f"stored-value-{state}")


def none_made() -> Conflict:
    """What was sold offline made no card then: the customer has none, or one that was given by hand."""
    return Conflict(
        T("No card was made with this receipt. Give the customer one instead."),
        field="lines",
        code="stored-value-not-made",
    )


def used_since(left_minor: int, currency: str) -> Conflict:
    """What was sold with a card has been used, so that its article can't come back."""
    return Conflict(
        T(
            "The card was used since it was sold: only %(amount)s is left to take back.",
            amount=Money(left_minor, currency),
        ),
        field="lines",
        code="stored-value-used",
        facts={"left_minor": left_minor},
    )


def too_little(available_minor: int, currency: str, number: str, *, field: str | None = None) -> Conflict:
    """Less can be used of the card than was asked for; several may pay, so that it is named."""
    card = masked(number)
    return Conflict(
        T("Only %(amount)s can be used of card %(card)s.", amount=Money(available_minor, currency), card=card),
        field=field,
        code="stored-value-too-little",
        facts={"card": card, "available_minor": available_minor},
    )


def twice(field: str) -> Invalid:
    """The same card stands twice in one sale."""
    return Invalid([FieldError(field, T("This card pays in this sale already. Take another one."))])


def not_loadable(field: str | None = None) -> Conflict:
    """A gift card that was sold holds what it was sold with."""
    return Conflict(
        T("A gift card can't be loaded again. Sell another one."), field=field, code="stored-value-not-loadable"
    )


def known_already(field: str | None = None) -> Conflict:
    """The number to sell or give is that of a card that is out."""
    return Conflict(T("This card has been sold already. Take another one."), field=field, code="stored-value-sold")


def not_ready(field: str | None = None) -> Conflict:
    """The number that was scanned isn't that of a card that lies ready."""
    return Conflict(
        T("No card with this number lies ready to be sold. Leave the number empty to make a new one."),
        field=field,
        code="stored-value-not-ready",
    )


def other_product(field: str | None = None) -> Conflict:
    """The card that lies ready is of another kind than what is sold."""
    return Conflict(T("This card is of another kind. Take one of the kind that is sold."), field=field,
                    code="stored-value-other-kind")  # fmt: skip


def product_closed() -> Conflict:
    """Nothing more is sold of this kind."""
    return Conflict(T("This kind of card is sold no more. Take another one."), code="card-product-closed")


def wrong_amount(least_minor: int, most_minor: int, currency: str, *, field: str) -> Invalid:
    """More or less than the kind allows."""
    text = T(
        "This kind of card takes from %(least)s to %(most)s. At the till the quantity of its line is the amount.",
        least=Money(least_minor, currency),
        most=Money(most_minor, currency),
    )
    return Invalid([FieldError(field, text)])


def no_such_amount(*, field: str) -> Invalid:
    """The kind has fixed amounts, and this is none of them."""
    return Invalid([FieldError(field, T("This kind of card isn't sold with this amount. Choose one of its amounts."))])


def too_much_on_it(most_minor: int, currency: str, *, field: str) -> Conflict:
    """More than may lie on one card."""
    return Conflict(
        T("At most %(amount)s may lie on one card.", amount=Money(most_minor, currency)),
        field=field,
        code="stored-value-full",
    )


def pin_needed(field: str) -> Invalid:
    """The kind has a PIN, and none was chosen."""
    return Invalid([FieldError(field, T("This kind of card has a PIN. Let the customer choose 4 to 8 digits."))])


def no_pin(field: str) -> Invalid:
    """The kind has no PIN."""
    return Invalid([FieldError(field, T("This kind of card has no PIN. Leave it empty."))])


def is_so(state: str) -> Conflict:
    """The card is in that state already, or can't leave the one that it is in."""
    text: dict[str, Text] = {
        "new": T("This card hasn't been sold yet. There is nothing to do."),
        "active": T("This card can be used already. There is nothing to do."),
        "blocked": T("This card is blocked already."),
        "lost": T("This card is reported lost already. Move what is on it to a new card."),
        "closed": T("This card is closed, and stays so. Use the newer one."),
    }
    return Conflict(text[state], code="card-is-so")


def not_locked() -> Conflict:
    """Nobody has entered five wrong PINs."""
    return Conflict(T("This card isn't locked. There is nothing to do."), code="card-is-so")


def refund_too_much(left_minor: int, currency: str) -> Conflict:
    """More than the card paid and hasn't been given back."""
    return Conflict(
        T("Only %(amount)s of this payment can still be given back.", amount=Money(left_minor, currency)),
        code="stored-value-refund-too-much",
        facts={"left_minor": left_minor},
    )


def no_payment() -> NotFound:
    """No such payment by this card."""
    return NotFound(T("This card has made no such payment."), code="stored-value-payment-unknown")


def code_taken() -> Conflict:
    """Another kind of card has the code."""
    return Conflict(T("Another kind of card has this code. Choose another one."), field="code", code="code-taken")


def fixed(field: str) -> Conflict:
    """Cards of the kind are out."""
    return Conflict(
        T("Cards of this kind are out, so this stays as it is. Set up another kind instead."),
        field=field,
        code="card-product-fixed",
    )


def state_already() -> Conflict:
    """The kind is in that state already."""
    return Conflict(T("This is so already. There is nothing to do."), code="state-already")


def cards_differ(sku: str, facts: Mapping[str, object]) -> Refused:
    """The cards named in a sale don't come to what their article costs."""
    return Refused(
        T("The cards that are sold with article %(sku)s don't come to its amount. Check their amounts.", sku=sku),
        field="cards",
        code="cards-differ",
        facts=facts,
    )
