"""The machine-readable zone of travel documents by ICAO Doc 9303. Pure.

Part 3 has the check digits, part 4 the passport (TD3), parts 5 and 6 the smaller documents (TD1, TD2).
"""

import re
from dataclasses import dataclass

from erp_club.customers.errors import Fault
from erp_club.kernel.text import T, Text

_WEIGHTS = (7, 3, 1)
_LINES = {88: 44, 72: 36, 90: 30}
_NUMBER = T("The check digit of the document number is wrong. Scan the two or three lines again.")
_BIRTHDAY = T("The check digit of the birthday is wrong. Scan the two or three lines again.")
_LAST_DAY = T("The check digit of the expiry date is wrong. Scan the two or three lines again.")
_OPTIONAL = T("The check digit of the personal number is wrong. Scan the two or three lines again.")
_ALL = T("The last check digit, which covers all fields, is wrong. Scan the two or three lines again.")


@dataclass(frozen=True, slots=True)
class Zone:
    """What a zone says once its check digits are right. `born` is YYMMDD; what the issuer doesn't know is `<`."""

    number: str
    born: str


def looks_like_zone(text: str) -> bool:
    """Whether the lines of a zone were put here; the number of a document never has the filler."""
    return "<" in text


def read(text: str) -> Zone:
    """Two lines of 44 or 36 characters, or three of 30, with or without breaks between them. Raises Fault."""
    typed = re.sub(r"\s+", "", text).upper()
    width = _LINES.get(len(typed))
    if width is None:
        raise Fault(
            "id_number",
            T(
                "The lines at the foot of the document have 2 × 44, 2 × 36 or 3 × 30 characters; here are %(count)s.",
                count=len(typed),
            ),
        )
    if not re.fullmatch(r"[A-Z0-9<]+", typed):
        raise Fault("id_number", T("The lines at the foot of the document have only A to Z, 0 to 9 and <."))
    lines = [typed[start : start + width] for start in range(0, len(typed), width)]
    return _read_card(*lines) if width == 30 else _read_pair(lines[1], optional_ends=42 if width == 44 else 35)


def _read_pair(line: str, *, optional_ends: int) -> Zone:
    """The second line of a passport (TD3, whose personal number has a check digit) or of a TD2 document."""
    number = _number(line[0:9], line[9], "" if optional_ends == 42 else line[28:optional_ends])
    _check(line[13:19], line[19], _BIRTHDAY)
    _check(line[21:27], line[27], _LAST_DAY)
    if optional_ends == 42 and not (line[42] == "<" and not line[28:42].strip("<")):
        _check(line[28:42], line[42], _OPTIONAL)
    _check(line[0:10] + line[13:20] + line[21 : len(line) - 1], line[-1], _ALL)
    return Zone(number, line[13:19])


def _read_card(first: str, second: str, _names: str) -> Zone:
    """The three lines of a TD1 document."""
    number = _number(first[5:14], first[14], first[15:30])
    _check(second[0:6], second[6], _BIRTHDAY)
    _check(second[8:14], second[14], _LAST_DAY)
    _check(first[5:30] + second[0:7] + second[8:15] + second[18:29], second[29], _ALL)
    return Zone(number, second[0:6])


def _number(main: str, digit: str, optional: str) -> str:
    if digit == "<" and optional.strip("<"):
        # A number longer than nine characters goes on in the optional field, its check digit last.
        rest = optional.split("<", maxsplit=1)[0]
        main, digit = main + rest[:-1], rest[-1:]
    _check(main, digit, _NUMBER)
    return main.rstrip("<")


def _check(field: str, digit: str, fault: Text) -> None:
    total = sum((0 if letter == "<" else int(letter, 36)) * _WEIGHTS[place % 3] for place, letter in enumerate(field))
    if digit != str(total % 10):
        raise Fault("id_number", fault)
