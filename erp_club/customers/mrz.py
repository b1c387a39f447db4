"""The machine-readable zone of travel documents by ICAO Doc 9303. Pure.

Part 3 has the check digits, part 4 the passport (TD3), parts 5 and 6 the smaller documents (TD1, TD2).
"""

import datetime as dt
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from babel.core import get_global

from erp_club.customers.errors import Fault
from erp_club.kernel.text import T, Text

_WEIGHTS = (7, 3, 1)
_LINES = {88: 44, 72: 36, 90: 30}
_GAPS = re.compile(r"[\s\x00-\x1f\x7f]+")
"""What stands between lines, and what some scanners put around them (STX and ETX)."""
_NUMBER = T("The check digit of the document number is wrong. Scan the two or three lines again.")
_BIRTHDAY = T("The check digit of the birthday is wrong. Scan the two or three lines again.")
_LAST_DAY = T("The check digit of the expiry date is wrong. Scan the two or three lines again.")
_OPTIONAL = T("The check digit of the personal number is wrong. Scan the two or three lines again.")
_ALL = T("The last check digit, which covers all fields, is wrong. Scan the two or three lines again.")


_COUNTRIES = {"D": "DE", "GBD": "GB", "GBN": "GB", "GBO": "GB", "GBP": "GB", "GBS": "GB", "RKS": "XK"}
"""Part 3, section 5: codes of issuers that aren't those of ISO 3166-1."""

# What a scanner's keys come out as where the computer is set to another layout than the scanner's American one.
_HEBREW = str.maketrans("/'קראטוןםפשדגכעיחלךףזסבהנמצ>", "QWERTYUIOPASDFGHJKL:ZXCVBNM<")
_NORDIC = str.maketrans(";", "<")
_GERMAN = str.maketrans("YZ;", "ZY<")
_FRENCH = str.maketrans("AQZW?&É\"'(-È_ÇÀ.", "QAWZM1234567890<")
LAYOUTS = (_NORDIC, _HEBREW, _GERMAN, _FRENCH)


@dataclass(frozen=True, slots=True)
class Zone:
    """What a zone says once its check digits are right. `born` is YYMMDD; what the issuer doesn't know is `<`.

    `country` is the issuer's (ISO 3166-1 alpha-2), None for one that is no country. Names are as far as the
    zone has room, in capitals there; `sex` is `F`, `M` or None where it isn't told.
    """

    number: str
    born: str
    country: str | None
    family_name: str
    given_name: str
    sex: str | None

    def birthday(self, today: dt.date) -> dt.date | None:
        """The birthday, in the latest century that isn't in the future; None where it isn't known."""
        if not self.born.isdigit():
            return None
        year, month, day = (int(self.born[place : place + 2]) for place in (0, 2, 4))
        for century in (2000, 1900):
            with suppress(ValueError):
                found = dt.date(century + year, month, day)
                if found <= today:
                    return found
        return None


def is_right(text: str) -> bool:
    """Whether these are the lines of a zone with all check digits right."""
    with suppress(Fault):
        return bool(read(text))
    return False


def looks_like_zone(text: str) -> bool:
    """Whether the lines of a zone were put here; the number of a document never has the filler, nor what stands for it
    on another layout."""
    plain = _GAPS.sub("", text)
    return "<" in plain or (len(plain) in _LINES and any(sign in plain for sign in ";>."))


def read(text: str) -> Zone:
    """Two lines of 44 or 36 characters, or three of 30, with or without breaks between them, as a reader types them.

    A computer may be set to another layout than its scanner: the Israeli, Nordic, German and French ones are read too
    where that makes every check digit right. Raises Fault.
    """
    typed = _whole(text).upper()
    try:
        return _read(typed)
    except Fault:
        for layout in LAYOUTS:
            with suppress(Fault):
                return _read(typed.translate(layout))
        raise


def _whole(text: str) -> str:
    """The lines in one, with the fillers at the ends that some scanners leave out; the second ends in a check digit."""
    lines = [line for line in _GAPS.split(text) if line]
    width = len(lines[1]) if len(lines) > 1 else 0
    return "".join(line.ljust(width, "<") if width * len(lines) in _LINES else line for line in lines)


def _read(typed: str) -> Zone:
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
    return _read_card(*lines) if width == 30 else _read_pair(*lines, optional_ends=42 if width == 44 else 35)


def _read_pair(first: str, line: str, *, optional_ends: int) -> Zone:
    """A passport (TD3, whose personal number has a check digit) or a TD2 document; the second line has the digits."""
    number = _number(line[0:9], line[9], "" if optional_ends == 42 else line[28:optional_ends])
    _check(line[13:19], line[19], _BIRTHDAY)
    _check(line[21:27], line[27], _LAST_DAY)
    if optional_ends == 42 and not (line[42] == "<" and not line[28:42].strip("<")):
        _check(line[28:42], line[42], _OPTIONAL)
    _check(line[0:10] + line[13:20] + line[21 : len(line) - 1], line[-1], _ALL)
    return _zone(number, line[13:19], first[2:5], first[5:], line[20])


def _read_card(first: str, second: str, names: str) -> Zone:
    """The three lines of a TD1 document."""
    number = _number(first[5:14], first[14], first[15:30])
    _check(second[0:6], second[6], _BIRTHDAY)
    _check(second[8:14], second[14], _LAST_DAY)
    _check(first[5:30] + second[0:7] + second[8:15] + second[18:29], second[29], _ALL)
    return _zone(number, second[0:6], first[2:5], names, second[7])


def _zone(number: str, born: str, issuer: str, names: str, sex: str) -> Zone:
    """Names: the primary identifier, two fillers, the secondary one (part 3, section 4.6)."""
    family, _, given = names.partition("<<")
    code = issuer.rstrip("<")
    aliases: Mapping[str, list[str]] = get_global("territory_aliases")
    country = _COUNTRIES.get(code) or next(iter(aliases.get(code, [])), None)
    told = sex if sex in {"F", "M"} else None
    return Zone(number, born, country, _name(family), _name(given), told)


def _name(part: str) -> str:
    return " ".join(word.title() for word in part.split("<") if word)


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
