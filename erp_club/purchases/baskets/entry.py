"""What was scanned or typed into the till's one field, read without the database."""

import re
from dataclasses import dataclass

from erp_club.customers import mrz
from erp_club.kernel.errors import Refused
from erp_club.kernel.text import T

MOST_MILLI = 9_999_999
"""The largest quantity of one line, in thousandths: just below 10,000."""

ASKS, TAKES = "?", "-"
"""Before an item: what does it cost, and take it out again."""

_TIMES = re.compile(r"(\d{1,9})(?:[.,](\d{1,3}))?\s*[*×]\s*(.+)", re.ASCII)
_TIMES_X = re.compile(r"(\d{1,5}(?:[.,]\d{1,3})?)\s*[xX]\s*(.+)", re.ASCII)
_TRACKS = (re.compile(r";(\d{8,19})[=?]", re.ASCII), re.compile(r"%[A-Za-z]?(\d{8,19})[\^?]", re.ASCII))
_PHONE = re.compile(r"\+[\d\s().-]{7,20}|0[\d\s().-]{7,14}", re.ASCII)

_PAYMENT_CARDS: tuple[tuple[int, int, frozenset[int]], ...] = (
    (300, 305, frozenset({14, 16, 19})),  # Diners Club
    (34, 34, frozenset({15})),  # American Express
    (37, 37, frozenset({15})),
    (3528, 3589, frozenset(range(16, 20))),  # JCB
    (36, 36, frozenset({14, 16, 19})),  # Diners Club
    (38, 39, frozenset({14, 16, 19})),
    (4, 4, frozenset({16, 18, 19})),  # Visa; its numbers of 13 digits are long withdrawn, and EAN-13 has that length
    (50, 50, frozenset(range(16, 20))),  # Maestro
    (51, 55, frozenset({16})),  # Mastercard
    (56, 58, frozenset(range(16, 20))),  # Maestro
    (6011, 6011, frozenset(range(16, 20))),  # Discover
    (62, 62, frozenset(range(16, 20))),  # UnionPay
    (63, 63, frozenset(range(16, 20))),  # Maestro
    (644, 659, frozenset(range(16, 20))),  # Discover
    (67, 67, frozenset(range(16, 20))),  # Maestro
    (2221, 2720, frozenset({16})),  # Mastercard
)
"""First and last leading digits and the lengths of the schemes' numbers. Source: ISO/IEC 7812-1, and the ranges that
the schemes publish."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A code, phone or name; `quantity_milli` where it was typed as `3*code`, in thousandths."""

    text: str
    quantity_milli: int | None = None


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """What an entry that found nobody already tells about somebody who is new; `id_zone` are a document's lines."""

    phone: str = ""
    given_name: str = ""
    family_name: str = ""
    id_zone: str = ""


def read_sign(typed: str) -> tuple[str, str]:
    """`ASKS`, `TAKES` or nothing, and what stands after it."""
    text = typed.strip().replace("\u2212", TAKES, 1)
    return (text[0], text[1:].strip()) if text.startswith((ASKS, TAKES)) else ("", typed)


def read_entry(typed: str) -> Entry:
    """The entry behind what was typed. Of a magnetic card only the number is kept.

    Raises Refused `payment-card` for the number of a payment card (which no message repeats), `card-unreadable` for a
    magnetic card without a member's number, `quantity` for a quantity of nothing or too much.
    """
    text = typed.strip()
    quantity = None
    times = _TIMES.fullmatch(text)
    if times is not None:
        whole, fraction, text = times.groups()
        quantity = checked_quantity(int(whole) * 1000 + int((fraction or "").ljust(3, "0")))
    if text.startswith(("%", ";")):
        track = next(filter(None, (pattern.search(text) for pattern in _TRACKS)), None)
        if track is None:
            raise Refused(T("This card can't be read here. Ask for the member card."), code="card-unreadable")
        text = track[1]
    if is_payment_card(text):
        raise Refused(
            T("This is a payment card. It was not kept. Pay with it at the card reader."), code="payment-card"
        )
    return Entry(text, quantity)


def read_x(text: str) -> Entry | None:
    """`3x code` read as three of it, for where no product has the whole as its code; None for anything else.

    Raises Refused as `read_entry`.
    """
    times = _TIMES_X.fullmatch(text)
    return read_entry(f"{times[1]}*{times[2]}") if times else None


def checked_quantity(milli: int) -> int:
    """The same quantity. Raises Refused `quantity` outside 0.001 to 9,999.999."""
    if not 0 < milli <= MOST_MILLI:
        raise Refused(T("This quantity can't be right. Enter one above 0 and below 10,000."), code="quantity")
    return milli


def is_payment_card(text: str) -> bool:
    """Whether this is the number of a payment card: of a scheme's range and length, its check digit right."""
    digits = "".join(letter for letter in text if letter not in " -")
    if not digits.isascii() or not digits.isdigit() or not 14 <= len(digits) <= 19:
        return False
    known = any(
        first <= int(digits[: len(str(first))]) <= last and len(digits) in lengths
        for first, last, lengths in _PAYMENT_CARDS
    )
    return known and _luhn(digits)


def _luhn(digits: str) -> bool:
    # ISO/IEC 7812-1, annex B.
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


def new_customer(typed: str) -> NewCustomer | None:
    """Whom to offer to open where the entry found nobody: a phone, a name or the lines of a document.

    None for what looks like a code.
    """
    text = typed.strip()
    if mrz.looks_like_zone(text):
        return NewCustomer(id_zone=text) if mrz.is_right(text) else None
    if _PHONE.fullmatch(text) and sum(letter.isdigit() for letter in text) <= (11 if text[0] == "0" else 15):
        return NewCustomer(phone=text)
    if any(letter.isdigit() for letter in text) or not any(letter.isalpha() for letter in text):
        return None
    given, _, family = text.partition(" ")
    return NewCustomer(given_name=given, family_name=family.strip())
