"""The numbers of our own cards: how they are made, read from what people type, and shown. Pure.

A number is 20 random digits (66 bits, so that nobody finds one by trying) and a check digit after ISO/IEC 7064,
MOD 11,10, which tells every single wrong digit. With 21 digits it is neither a member's card nor a payment card's.
"""

import re
import secrets
from typing import NamedTuple

from stdnum.iso7064 import mod_11_10

RANDOM = 20
_NUMBER = re.compile(r"[A-Z0-9]{4,40}", re.ASCII)
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]+")
_SHOWN = 4


def new_number() -> str:
    """A number from the operating system's source of randomness."""
    body = f"{secrets.randbelow(10**RANDOM):0{RANDOM}d}"
    return body + str(mod_11_10.calc_check_digit(body))


def compact(text: str) -> str:
    """The number as it is kept: without the spaces and hyphens that people write into it, and in capitals."""
    return "".join(letter.upper() if letter.isascii() else letter for letter in _BETWEEN.sub("", text))


def is_own(number: str) -> bool:
    """Whether a compact number is of our own form and its check digit right."""
    return len(number) == RANDOM + 1 and number.isascii() and number.isdigit() and mod_11_10.is_valid(number)


def can_be(number: str) -> bool:
    """Whether a compact number can be a card's: our own, or one that another system made."""
    return _NUMBER.fullmatch(number) is not None


def masked(number: str) -> str:
    """The number as others may see it: its last four characters."""
    return "…" + number[-_SHOWN:]


def spoken(number: str) -> str:
    """The number in groups of four, as it is printed and read aloud."""
    return " ".join(number[start : start + _SHOWN] for start in range(0, len(number), _SHOWN))


class CardKey(NamedTuple):
    """What names a card; keys sort in the order in which cards are locked."""

    customer_id: int
    card_id: int
