"""How people write down who somebody is: regular expressions that PostgreSQL and Python read alike. Pure.

They look for names in any case of letters and with or without accents, points and joiners, for numbers in any spacing.
What stands around a find is judged in Python alone (`scrubbing`), so that PostgreSQL may find more than that, not less.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

import phonenumbers

_MARKS = "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1-\u05c7\u064b-\u0655\u200e\u200f\u202a-\u202e\u2066-\u2069]*"
"""Accents, vowel points and signs of direction, wherever they stand behind a letter."""
ACCENTS = "[\u00c0-\u024f\u1e00-\u1eff\u0300-\u036f]"
"""Latin letters with accents, and accents by themselves."""
_QUOTES = "['\u2019\u02bc\u2018`\u00b4\u05f3\"\u05f4\u201c\u201d\u201e]"
_JOIN = "[\\s\\-_\u2010-\u2015\u05be]"
_BETWEEN = f"(?:\\\\[nrt]|[,.;:/|]|{_JOIN}){{1,3}}"
"""Between two names; JSON writes the end of a line as two letters."""
_GAP = "[\\s\\-+./()\u2010-\u2015]{0,3}"
_HEBREW_BEFORE = "[\u05d5\u05dc\u05de\u05d1\u05e9\u05d4\u05db]{0,3}"
"""And, to, from, in, that, the: letters that Hebrew writes in one with the word."""
_LATIN_AFTER = "(?:[\u2019':]?(?:s|n|in|a|ia|lle|ille|lta|ilta|lla|illa|ssa|issa|sta|ista|lt|ksi))?"
"""Endings of a name in English, Swedish and Finnish."""


_RANGES = ((0x30, 0x24F), (0x370, 0x52F), (0x5D0, 0x5EA), (0x620, 0x669), (0x6F0, 0x6F9), (0x1E00, 0x1EFF))
"""Latin with its digits, Greek and Cyrillic, Hebrew, Arabic with both sets of its digits, Latin with two accents."""


def _variants() -> dict[str, str]:
    """All letters that are the same one without their accents, in both cases."""
    found: dict[str, list[str]] = defaultdict(list)
    for first, last in _RANGES:
        for point in range(first, last + 1):
            letter = chr(point)
            if letter.isalnum() and (base := _base(letter)) != "":
                found[base].append(letter)
    return {base: "".join(letters) for base, letters in found.items()}


def _base(letter: str) -> str:
    digit = unicodedata.decimal(letter, None)
    if digit is not None:
        return str(digit)
    bare = [each for each in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(each)]
    return bare[0].casefold() if len(bare) == 1 and len(bare[0].casefold()) == 1 else letter


_VARIANTS = _variants()


def letters(text: str) -> str:
    """A text in any case, accented or not; joiners and quotation marks as anybody types them.

    >>> bool(re.fullmatch(letters("Nguyễn"), "NGUYEN")), bool(re.fullmatch(letters("גרשון־לוי"), "גרשון לוי"))
    (True, True)
    """
    made: list[str] = []
    for letter in unicodedata.normalize("NFC", text):
        if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
            continue
        if re.fullmatch(_JOIN, letter):
            made.append(_JOIN + "{1,3}")
        elif re.fullmatch(_QUOTES, letter):
            made.append(rf"(?:\\?{_QUOTES}|&\#[0-9]{{2}};)?")
        else:
            same = _VARIANTS.get(_base(letter))
            made.append((f"[{same}]" if same and len(same) > 1 else re.escape(letter)) + _MARKS)
    return "".join(made)


def name_parts(names: Iterable[str]) -> set[str]:
    """Each name whole, and each of its words; a single letter names nobody.

    >>> sorted(name_parts(["Anna-Maria", "B"]))
    ['Anna', 'Anna-Maria', 'Maria']
    """
    found = {part for name in names for part in (name.strip(), *re.split(f"{_JOIN}+", name))}
    return {part for part in found if sum(letter.isalpha() for letter in part) > 1}


def whole_names(given: Iterable[str], family: Iterable[str]) -> str | None:
    """A given and a family name beside each other, in either order, an initial or more of the names among them.

    Without one of the two, a name of at least two words is whole by itself; None where there is none.

    >>> pattern = whole_names(["Yael Sara"], ["Cohen"])
    >>> [bool(pattern and re.search(pattern, text)) for text in ("cohen, yael", "Yael B. Cohen", "Yael Levi", "Sara")]
    [True, True, False, False]
    """
    ones, others = name_parts(given), name_parts(family)
    if not ones or not others:
        several = [name for name in ones | others if len(name_parts([name])) > 2]
        return f"{_HEBREW_BEFORE}(?:{any_of(several)}){_LATIN_AFTER}" if several else None
    first, last, each = any_of(ones), any_of(others), any_of(ones | others)
    initial = f"(?:{_BETWEEN}[^\\W\\d_]\\.?)?"
    orders = (f"(?:{one}){initial}{_BETWEEN}(?:{other})" for one, other in ((first, last), (last, first)))
    before, after = f"(?:(?:{each}){_JOIN}{{1,3}})*", f"(?:{_JOIN}{{1,3}}(?:{each}))*"
    return f"{_HEBREW_BEFORE}{before}(?:{'|'.join(orders)}){after}{_LATIN_AFTER}"


def any_of(names: Iterable[str]) -> str | None:
    """Any of these, the longest first; None where there is none."""
    return "|".join(letters(name) for name in sorted(names, key=lambda name: (-len(name), name))) or None


def sought(text: str) -> list[str]:
    """Patterns of LIKE for a text in small letters that each spelling of `letters` matches one of, far faster.

    As it is written and without accents; what stands between its words may be anything. Some databases make only the
    letters of ASCII small, so each other one is looked for as a capital too.

    >>> sought("O'Brién 7")
    ['%o%brién%7%', '%o%briÉn%7%', '%o%brien%7%']
    """
    told = unicodedata.normalize("NFC", text)
    ways = [re.findall(r"\w+", each) for each in (told.lower(), _ascii_small(told.title()), _ascii_small(told.upper()))]
    ways.append(["".join(_base(letter) for letter in word) for word in ways[0]])
    return list(dict.fromkeys("%" + "%".join(each) + "%" for each in ways if each))


def _ascii_small(text: str) -> str:
    return re.sub("[A-Z]+", lambda found: found[0].lower(), text)


def sought_digits(number: str) -> list[str]:
    """The same of a number in any spacing, also in Arabic digits."""
    arabic = number.translate({ord("0") + digit: 0x660 + digit for digit in range(10)})
    return [f"%{'%'.join(each.lower())}%" for each in (number, arabic)]


def inland(stored: str) -> tuple[str, str]:
    """The code of a phone number's country, if that is known, and what is dialled behind it."""
    try:
        number = phonenumbers.parse(stored)
    except phonenumbers.NumberParseException:
        return "", re.sub(r"\D", "", stored).lstrip("0")
    return str(number.country_code), str(number.national_number)


def phone(stored: str) -> str | None:
    """A number in E.164 as it is dialled from anywhere; None for one that is too short to tell of somebody.

    >>> pattern = phone("+972530302018")
    >>> [bool(re.fullmatch(pattern, each)) for each in ("053-030-2018", "+972 (0)53 0302018", "530302018", "5303020")]
    [True, True, True, False]
    """
    code, rest = inland(stored)
    if len(rest) < 6:
        return None
    abroad = f"(?:(?:\\+|00)\\s?)?{_spaced(code)}{_GAP}0?" if code else "0"
    return f"(?:(?:{abroad}|0){_GAP})?{_spaced(rest)}"


def bare(number: str) -> str:
    """A number of a document or card without spaces and hyphens, zeros in front, and the century of a birth number."""
    told = re.sub(r"[\W_]", "", number)
    century = len(told) == 12 and told.isdigit() and told[:2] in {"18", "19", "20"}
    return told[2:] if century else told.lstrip("0")


def document(number: str) -> str | None:
    """The number of a document or card, with or without its zeros in front, its century, spaces and hyphens.

    >>> pattern = document("19811218-9876")
    >>> [bool(re.fullmatch(pattern, each)) for each in ("811218-9876", "198112189876", "811218 9876")]
    [True, True, True]
    """
    told = bare(number)
    return f"(?:0*|18|19|20){_spaced(told)}" if len(told) > 4 else None


def _spaced(told: str) -> str:
    return _GAP.join(letters(each) for each in told)
