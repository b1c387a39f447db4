"""What a cell may say: parsers of one trimmed, non-empty text each, that raise Bad with the sentence for its author."""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping

from erp_club.customers.errors import no_language
from erp_club.customers.kinds import LANGUAGES
from erp_club.kernel.text import T, Text

MAX_TEXT = 500
MAX_CODE = 100
_SHOWN = 40

_AMOUNT = re.compile(r"(-?)([0-9]{1,13})(?:[.,]([0-9]{1,2}))?")
# With a comma before three digits nobody can tell 1.5 from 1500, unless nothing stands before it.
_QUANTITY = re.compile(r"(-?)([0-9]{1,9})(?:\.([0-9]{1,3})|,([0-9]{1,2}))?|(-?)(0),([0-9]{3})")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)?")
_OFFSET = re.compile(r".*:[0-9.]+ ?(?:Z|z|[+-][0-9]{2}:?(?:[0-9]{2})?)")
_BREAKS = re.compile(r"[\t\r\n\v\f\x85\u2028\u2029]+")
_FIRST_YEAR = 1900

_YES = frozenset(("yes", "y", "true", "1", "כן", "kyllä", "ja", "x"))
_NO = frozenset(("no", "n", "false", "0", "לא", "ei", "nej"))

TWO_DECIMALS = re.compile(r".*[.,][0-9]{2}")
"""How an amount looks that is whole even where the file ends right behind it."""


class Bad(Exception):
    """A cell that can't be taken; `text` says why and what would be right."""

    def __init__(self, text: Text) -> None:
        super().__init__(str(text))
        self.text = text


def shown(raw: str) -> str:
    """The cell as it stands in a sentence: short."""
    return raw if len(raw) <= _SHOWN else raw[: _SHOWN - 1] + "…"


def text(raw: str) -> str:
    """A name or other words on one line: line breaks become a space, letters are composed (Unicode NFC)."""
    if not raw.isprintable():
        raw = _BREAKS.sub(" ", raw)
        if any(unicodedata.category(letter) == "Cc" for letter in raw):
            raise Bad(T("The text holds a control character. Write it again by hand."))
    if len(raw) > MAX_TEXT:
        raise Bad(T("The text is longer than %(most)s letters.", most=MAX_TEXT))
    return unicodedata.normalize("NFC", raw)


def code(raw: str) -> str:
    """A number or code that names something: printable, at most 100 letters."""
    if len(raw) > MAX_CODE:
        raise Bad(T("The code is longer than %(most)s letters.", most=MAX_CODE))
    if not raw.isprintable():
        raise Bad(T("The code holds a line break or another invisible character."))
    return unicodedata.normalize("NFC", raw)


def money(raw: str) -> int:
    """`1.5`, `1.50` or `1,50` in minor units: 150. At most two decimals, no separator of thousands."""
    match = _AMOUNT.fullmatch(raw)
    if match is None:
        raise Bad(
            T(
                "“%(value)s” is no amount. Write it like 12.50, without thousands separator or currency.",
                value=shown(raw),
            )
        )
    sign, whole, decimals = match.groups("")
    minor = int(whole) * 100 + int(decimals.ljust(2, "0"))
    return -minor if sign else minor


def price(raw: str) -> int:
    """An amount in minor units, not below 0."""
    minor = money(raw)
    if minor < 0:
        raise Bad(T("The price %(value)s is below 0.", value=raw))
    return minor


def percent(raw: str) -> int:
    """`17` or `25.5` in hundredths of a percent: 1700, 2550. From 0 to 100, at most two decimals."""
    match = _AMOUNT.fullmatch(raw.removesuffix("%").rstrip())
    basis_points = -1 if match is None or match[1] else int(match[2]) * 100 + int((match[3] or "").ljust(2, "0"))
    if not 0 <= basis_points <= 10_000:
        raise Bad(T("“%(value)s” is no percentage from 0 to 100.", value=shown(raw)))
    return basis_points


def share_off(raw: str) -> int:
    """A discount as `percent` reads it. `0.15` is refused: as a share it would be 15 %, as written hardly anything."""
    basis_points = percent(raw)
    if 0 < basis_points < 100:
        raise Bad(T("“%(value)s” is less than 1 %%. Write 15 for 15 %%.", value=shown(raw)))
    return basis_points


def quantity(raw: str) -> int:
    """`1`, `0.755` or `-2` in thousandths: 1000, 755, −2000."""
    match = _QUANTITY.fullmatch(raw)
    if match is None:
        raise Bad(
            T("“%(value)s” is no quantity. Write it like 2 or 0.755, with at most three decimals.", value=shown(raw))
        )
    plain, whole, point, comma, zero_sign, zero, thousandths = match.groups("")
    milli = int(whole or zero) * 1000 + int((point or comma or thousandths).ljust(3, "0"))
    return -milli if plain or zero_sign else milli


def line_no(raw: str) -> int:
    """The number of a line in its receipt, from 1."""
    if not _WHOLE.fullmatch(raw) or not 1 <= int(raw) < 2**31:
        raise Bad(T("“%(value)s” is no line number. Lines are numbered from 1.", value=shown(raw)))
    return int(raw)


def points(raw: str) -> int:
    """A number of points, above 0 and below two thousand million."""
    if not _WHOLE.fullmatch(raw) or not 1 <= int(raw) < 2**31:
        raise Bad(T("“%(value)s” is no number of points. Write a whole number above 0.", value=shown(raw)))
    return int(raw)


def day(raw: str) -> dt.date:
    """A date as `2026-01-31` (ISO 8601), from 1900 on."""
    if not _DAY.fullmatch(raw) or int(raw[:4]) < _FIRST_YEAR:
        raise Bad(T("“%(value)s” is no date. Write dates as year-month-day: 2026-01-31.", value=shown(raw)))
    try:
        return dt.date.fromisoformat(raw)
    except ValueError as error:
        raise Bad(T("There is no such day. Check the day and the month.")) from error


def moment(raw: str) -> dt.datetime:
    """A local time as `2026-01-31T09:30:00` (ISO 8601, without offset; naive, the store knows its zone). Seconds may be
    left out; a bare date is its midnight, as a spreadsheet writes it."""
    if _OFFSET.fullmatch(raw):
        raise Bad(T("“%(value)s” names an offset. Write the store's local time without one.", value=shown(raw)))
    try:
        if _MOMENT.fullmatch(raw) and day(raw[:10]):
            return dt.datetime.fromisoformat(raw)
    except ValueError:
        pass  # there is no such hour or minute: the same sentence helps
    raise Bad(T("“%(value)s” is no time. Write it as 2026-01-31T09:30:00.", value=shown(raw)))


def yes_no(raw: str) -> bool:
    """yes or no, as people write it in the product's languages, or as programs do."""
    word = raw.casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise Bad(T("“%(value)s” is neither yes nor no.", value=shown(raw)))


def one_of(*values: str) -> Callable[[str], str]:
    """A parser that takes just these words, in any case."""
    known: Mapping[str, str] = {value.casefold(): value for value in values}

    def parse(raw: str) -> str:
        value = known.get(raw.casefold())
        if value is None:
            raise Bad(T("“%(value)s” is not known here. One of: %(known)s.", value=shown(raw), known=", ".join(values)))
        return value

    return parse


def country(raw: str) -> str:
    """A country's two letters (ISO 3166-1 alpha-2), in capitals."""
    if len(raw) != 2 or not (raw.isascii() and raw.isalpha()):
        raise Bad(T("“%(value)s” is no country code. Write two letters, like IL.", value=shown(raw)))
    return raw.upper()


def language(raw: str) -> str:
    """A language's two letters (ISO 639-1), in small letters."""
    if raw.lower() not in LANGUAGES:
        raise Bad(no_language(shown(raw)))
    return raw.lower()
