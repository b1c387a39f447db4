"""The numbers of our own cards: EAN-13 in the range that GS1 leaves to companies for numbers inside their shops."""

from stdnum import ean

PREFIX = "29"
"""GS1 General Specifications, section 1.4: prefixes 20 to 29 are for restricted circulation."""
LAST = 10**10 - 1
"""The last of our numbers: ten digits stand between the prefix and the check digit."""


def card_number(sequence_no: int) -> str:
    """The card of this number in the sequence, with its check digit. Raises ValueError outside 1 to `LAST`."""
    if not 1 <= sequence_no <= LAST:
        raise ValueError("the range of card numbers is used up")
    digits = f"{PREFIX}{sequence_no:010d}"
    return digits + str(ean.calc_check_digit(digits))
