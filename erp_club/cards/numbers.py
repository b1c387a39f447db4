"""The numbers of cards; our own are EAN-13 in the range that GS1 leaves to companies for numbers inside their shops."""

import re

from stdnum import ean

PREFIX = "29"
"""GS1 General Specifications, section 1.4: prefixes 20 to 29 are for restricted circulation."""
LAST = 10**10 - 1
"""The last of our numbers: ten digits stand between the prefix and the check digit."""
_NUMBER = re.compile(r"\d{8,19}", re.ASCII)


def compact(number: str) -> str:
    """The number as it is kept: without the spaces and hyphens that people write into it."""
    return "".join(letter for letter in number if not letter.isspace() and letter != "-")


def is_number(number: str) -> bool:
    """Whether a compact number can be a card's, ours or that of another system."""
    return _NUMBER.fullmatch(number) is not None


def card_number(sequence_no: int) -> str:
    """The card of this number in the sequence, with its check digit. Raises ValueError outside 1 to `LAST`."""
    if not 1 <= sequence_no <= LAST:
        raise ValueError("the range of card numbers is used up")
    digits = f"{PREFIX}{sequence_no:010d}"
    return digits + str(ean.calc_check_digit(digits))
