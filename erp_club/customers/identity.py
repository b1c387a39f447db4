"""Documents that identify a person: checked, and brought into the one form that can be compared. Pure.

National IDs by python-stdnum where it knows the country's; those of Israel, Finland and Sweden in detail here.
"""

import datetime as dt
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

from stdnum import get_cc_module, luhn
from stdnum.exceptions import InvalidChecksum, InvalidLength, ValidationError
from stdnum.util import clean

from erp_club.customers import mrz
from erp_club.customers.errors import Fault
from erp_club.kernel.text import T, Text

NATIONAL_ID, PASSPORT = "national_id", "passport"
FIELD = "id_number"

# Where python-stdnum has no module called personalid but one for the number that everybody of the country has.
_MODULES = {
    "BG": "egn",
    "CZ": "rc",
    "HR": "oib",
    "LT": "asmens",
    "PL": "pesel",
    "RO": "cnp",
    "SK": "rc",
    "TR": "tckimlik",
}
_ANY_NUMBER = re.compile(r"[A-Z0-9]{4,20}")
_PASSPORT = re.compile(r"[A-Z0-9]{5,15}")
# How passports are numbered that are common where the product is sold, with an example; those of other countries are
# letters and digits. Wide enough for the identity cards that are scanned like them (TD1): who is refused wrongly can't
# be opened at all.
_PASSPORTS = {
    "FI": (re.compile(r"[A-Z0-9]{9}"), "XP1234567"),
    "FR": (re.compile(r"[A-Z0-9]{9}|[A-Z0-9]{12}"), "12AB34567"),
    "GB": (re.compile(r"[A-Z0-9]{9}"), "123456789"),
    "IL": (re.compile(r"[0-9]{6,9}"), "12345678"),
    "RU": (re.compile(r"[0-9]{9,10}"), "123456789"),
    "SE": (re.compile(r"[0-9]{8}|[A-Z0-9]{9}"), "AA1234567"),
    "UA": (re.compile(r"[A-Z]{2}[0-9]{6}|[0-9]{9}"), "FA123456"),
    "US": (re.compile(r"[A-Z0-9]{9}"), "A12345678"),
}
_SHORTEST_ISRAELI = 5

_CHECK_DIGIT = T("The check digit is wrong. Compare each digit with the document.")


@dataclass(frozen=True, slots=True)
class Document:
    """A document that is right: its number in the one form that is stored, and the birthday that it tells, if any."""

    kind: str
    country: str
    number: str
    birthday: dt.date | None = None


def check(
    kind: str, country: str, number: str, *, birthday: dt.date | None, today: dt.date, zone: str | None = None
) -> Document:
    """A national ID or passport as somebody typed or scanned it. Raises Fault, which says what is wrong with it.

    `country` is the issuer's (ISO 3166-1 alpha-2). `today` tells the century of a Swedish number of ten digits. `zone`
    are the machine-readable lines from which the number was read before: their check digits prove it.
    """
    document = _passport(country, number, birthday, zone) if kind == PASSPORT else _national(country, number, today)
    if birthday and document.birthday and document.birthday != birthday:
        raise Fault(
            FIELD,
            T(
                "By this ID number the birthday is %(told)s, but %(typed)s is given. Correct one of them.",
                told=document.birthday.isoformat(),
                typed=birthday.isoformat(),
            ),
        )
    return document


def _national(country: str, number: str, today: dt.date) -> Document:
    if country == "IL":
        return Document(NATIONAL_ID, country, _israeli(number))
    if country == "FI":
        return _finnish(number, today)
    if country == "SE":
        return _swedish(number, today)
    return Document(NATIONAL_ID, country, _of_country(country, number))


def _israeli(number: str) -> str:
    """Nine digits, of which the leading zeros are often left out (Population Registry; check digit by Luhn)."""
    digits = clean(number, " -")
    if not _is_digits(digits):
        raise Fault(FIELD, T("An Israeli ID number has digits only."))
    if not int(digits):
        raise Fault(FIELD, _CHECK_DIGIT)
    if not _SHORTEST_ISRAELI <= len(digits) <= 9:
        raise Fault(
            FIELD, T("An Israeli ID number has 9 digits, the last one too; here are %(count)s.", count=len(digits))
        )
    digits = digits.zfill(9)
    if not luhn.is_valid(digits):
        raise Fault(FIELD, _swapped(digits, luhn.is_valid) or _CHECK_DIGIT)
    return digits


_FINNISH = re.compile(r"(\d\d)(\d\d)(\d\d)([-+YXWVUABCDEF])(\d{3})([0-9A-Y])", re.ASCII)
_FINNISH_CENTURIES = {"+": 1800} | dict.fromkeys("-YXWVU", 1900) | dict.fromkeys("ABCDEF", 2000)
_FINNISH_DIGITS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_TEMPORARY = 900


def _finnish(number: str, today: dt.date) -> Document:
    """A henkilötunnus: DVV's rules, with the signs of the century added in 2023."""
    code = clean(number, " ").upper()
    if len(code) != 11:
        raise Fault(
            FIELD,
            T("A Finnish identity code has 11 characters, like 131052-308T; here are %(count)s.", count=len(code)),
        )
    match = _FINNISH.fullmatch(code)
    if match is None:
        raise Fault(
            FIELD,
            T("A Finnish identity code is a birthday, a sign for the century, three digits and a check character."),
        )
    day, month, year, sign, individual, _ = match.groups()
    born = _date(_FINNISH_CENTURIES[sign] + int(year), int(month), int(day), today)
    if not _finnish_is_right(code):
        wrong = T("The check character at the end is wrong. Compare each one with the document.")
        raise Fault(FIELD, _swapped(code, _finnish_may_be) or _mistyped(code, _finnish_may_be) or wrong)
    if int(individual) < 2:
        raise Fault(FIELD, T("The three digits before the check character are never below 002."))
    if int(individual) >= _TEMPORARY:
        raise Fault(FIELD, T("This is a temporary code, which a hospital gives. Use the one of the identity card."))
    return Document(NATIONAL_ID, "FI", code, born)


def _finnish_is_right(code: str) -> bool:
    digits = code[:6] + code[7:10]
    return bool(_FINNISH.fullmatch(code)) and _FINNISH_DIGITS[int(digits) % 31] == code[10]


def _finnish_may_be(code: str) -> bool:
    """Whether somebody may have this code: it is right, and begins with a day."""
    return _finnish_is_right(code) and _is_day(code[2:4], code[0:2])


def _swedish_may_be(ten: str) -> bool:
    return luhn.is_valid(ten) and (int(ten[4:6]) >= _COORDINATION or _is_day(ten[2:4], ten[4:6]))


def _is_day(month: str, day: str) -> bool:
    """Whether there is this day in a leap year."""
    with suppress(ValueError):
        return bool(dt.date(2000, int(month), int(day)))
    return False


_SWEDISH = re.compile(r"(\d\d)?(\d\d)(\d\d)(\d\d)([-+]?)(\d{4})", re.ASCII)
_COORDINATION = 60


def _swedish(number: str, today: dt.date) -> Document:
    """A personnummer or samordningsnummer (Folkbokföringslagen 1991:481, 18 and 18 a §§), stored as twelve digits.

    Of ten digits the century is told by the sign: `+` from the year in which the person turns 100.
    """
    typed = clean(number, " ")
    digits = re.sub(r"\D", "", typed)
    if len(digits) not in {10, 12}:
        raise Fault(
            FIELD,
            T(
                "A Swedish personal number has 10 or 12 digits, like 880320-0016; here are %(count)s.",
                count=len(digits),
            ),
        )
    match = _SWEDISH.fullmatch(typed)
    if match is None:
        raise Fault(FIELD, T("A Swedish personal number is a birthday, - or + and four digits, like 880320-0016."))
    century, year, month, day, sign, serial = match.groups()
    if century is None:
        full_year = today.year - (today.year - int(year)) % 100 - (100 if sign == "+" else 0)
    else:
        full_year = int(century + year)
    # A coordination number adds 60 to the day, and leaves month and day at 0 where they aren't known.
    is_coordination = int(day) >= _COORDINATION
    real_day = int(day) - _COORDINATION if is_coordination else int(day)
    unknown = is_coordination and (real_day == 0 or int(month) == 0)
    born = None if unknown else _date(full_year, int(month), real_day, today)
    ten = year + month + day + serial
    if not luhn.is_valid(ten):
        raise Fault(FIELD, _swapped(ten, _swedish_may_be) or _CHECK_DIGIT)
    return Document(NATIONAL_ID, "SE", f"{full_year:04}{month}{day}{serial}", born)


def _swapped(number: str, is_right: Callable[[str], bool]) -> Text | None:
    """A question where exchanging two neighbours makes the number right, in one place or in two; None else."""
    found = [
        {"first": first, "second": second}
        for place, (first, second) in enumerate(pairwise(number))
        if first.isdigit() and second.isdigit() and first != second
        if is_right(number[:place] + second + first + number[place + 2 :])
    ]
    if len(found) == 1:
        return T(
            "The check digit is wrong. Did you swap the %(first)s and the %(second)s? Compare them with the document.",
            **found[0],
        )
    if len(found) == 2:
        return T(
            "The check digit is wrong. Did you swap the %(first)s and the %(second)s, or the %(third)s and the "
            "%(fourth)s? Compare them with the document.",
            **found[0],
            third=found[1]["first"],
            fourth=found[1]["second"],
        )
    return None


def _mistyped(code: str, is_right: Callable[[str], bool]) -> Text | None:
    """A question where just one other digit makes the code right; None else. The sign at its end always could."""
    found = [
        {"typed": typed, "right": right}
        for place, typed in enumerate(code[:-1])
        for right in "0123456789"
        if typed.isdigit() and right != typed and is_right(code[:place] + right + code[place + 1 :])
    ]
    if len(found) != 1:
        return None
    return T(
        "The check character at the end is wrong. Should the %(typed)s be %(right)s? Compare them with the document.",
        **found[0],
    )


def _of_country(country: str, number: str) -> str:
    """By python-stdnum, else four to twenty letters and digits: better taken unchecked than a guest sent away."""
    module = get_cc_module(country.lower(), _MODULES.get(country, "personalid"))
    if module is None:
        plain = clean(number, " -./").upper()
        if not _ANY_NUMBER.fullmatch(plain):
            raise Fault(FIELD, T("An ID number has 4 to 20 letters and digits. Write it without other signs."))
        return plain
    try:
        return str(module.validate(number))
    except InvalidLength as error:
        raise Fault(FIELD, T("This ID number has too few or too many digits for its country.")) from error
    except InvalidChecksum as error:
        raise Fault(FIELD, _CHECK_DIGIT) from error
    except ValidationError as error:
        raise Fault(
            FIELD, T("This is no ID number of its country. Check the digits, or choose the country.")
        ) from error


def _passport(country: str, number: str, birthday: dt.date | None, lines: str | None) -> Document:
    """A number of letters and digits, or the whole machine-readable zone as a reader types it.

    What a zone proves is right, though its country's passports look otherwise: there are documents of many kinds.
    """
    if mrz.looks_like_zone(number):
        zone = mrz.read(number)
        if birthday and not _same_birthday(zone.born, birthday):
            raise Fault(
                FIELD,
                T("The passport tells another birthday than %(typed)s. Correct it.", typed=birthday.isoformat()),
            )
        return Document(PASSPORT, country, zone.number)
    plain = clean(number, " -").upper()
    if not plain.isalnum() or not plain.isascii():
        raise Fault(FIELD, T("A passport number has only the letters A to Z and digits."))
    if not _PASSPORT.fullmatch(plain):
        raise Fault(FIELD, T("A passport number has 5 to 15 letters and digits; here are %(count)s.", count=len(plain)))
    form, example = _PASSPORTS.get(country, (_PASSPORT, ""))
    if not form.fullmatch(plain) and not _is_proven(country, plain, lines):
        raise Fault(
            FIELD,
            T(
                "Passports of this country have numbers like %(example)s. Compare it, or choose the country.",
                example=example,
            ),
        )
    return Document(PASSPORT, country, plain)


def _is_proven(country: str, number: str, lines: str | None) -> bool:
    """Whether these lines are of a document of that country, or of no country, with that number."""
    with suppress(Fault):
        zone = mrz.read(lines or "")
        return zone.number == number and zone.country in {None, country}
    return False


def _same_birthday(born: str, birthday: dt.date) -> bool:
    """Whether YYMMDD, `<` where not known, may be this day."""
    return all(told in {"<", typed} for told, typed in zip(born, birthday.strftime("%y%m%d"), strict=True))


def _date(year: int, month: int, day: int, today: dt.date) -> dt.date:
    try:
        born = dt.date(year, month, day)
    except ValueError as error:
        raise Fault(FIELD, T("The ID number begins with a birthday, and there is no such day.")) from error
    if born > today:
        raise Fault(FIELD, T("The ID number begins with a birthday, and this one lies in the future."))
    return born


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def possible_numbers(typed: str) -> tuple[str, ...]:
    """How a document's number that somebody searches for may be stored, whatever its kind and country."""
    plain = clean(typed, " ").upper()
    bare = plain.replace("-", "")
    found = {plain, bare}
    if _is_digits(bare) and _SHORTEST_ISRAELI <= len(bare) <= 9:
        found.add(bare.zfill(9))
    digits = bare.replace("+", "")
    if _SWEDISH.fullmatch(plain) and len(digits) == 10:
        found.update(f"{century}{digits}" for century in (18, 19, 20))
    return tuple(sorted(found))
