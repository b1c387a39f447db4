"""The codes of coupons: how they are made, checked, written for people and read from what people type. Pure.

A code is a batch's prefix (which may be empty), 12 random characters and a check character, all from an alphabet of 23
in which no two look alike on paper: without 0 and O, 1, I and L, 2 and Z, 5 and S, 6 and G, 8 and B only one of a pair
at most is in it, and letters that sound or look like others (D, N, Q, U) aren't. Twelve characters are 54 bits.

23 is prime, so a check sum with a weight of its own for each place tells every single wrong character and every two
characters that changed places (J. Verhoeff, Error Detecting Decimal Codes, 1969, on weighted sums modulo a prime).
"""

import re
import secrets
import unicodedata
from collections.abc import Iterator
from functools import cache

ALPHABET = "23456789ACEFHJKMPRTVWXY"
RANDOM = 12
MOST_PREFIX = 6
SHORTEST, LONGEST = RANDOM + 1, MOST_PREFIX + RANDOM + 1
"""How long a code is, without and with the longest prefix."""
_PLACES = {letter: place for place, letter in enumerate(ALPHABET)}
_BASE = len(ALPHABET)
_CODE = re.compile(rf"[{ALPHABET}]{{{SHORTEST},{LONGEST}}}", re.ASCII)
_PREFIX = re.compile(rf"[{ALPHABET}]{{0,{MOST_PREFIX}}}", re.ASCII)
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212._/\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]+")
"""What people write between groups, and the marks of direction that come along when a code is copied from a page."""
_GROUP = 4
_TRIPLES = tuple(a + b + c for a in ALPHABET for b in ALPHABET for c in ALPHABET)


def normalised(text: str) -> str:
    """What somebody typed or a reader read, as codes are kept: full-width and lower-case letters, spaces and hyphens.

    Letters of other scripts that only look like ours stay what they are, so such a text is nobody's code.
    """
    folded = _BETWEEN.sub("", unicodedata.normalize("NFKC", text))
    # Only ours: Turkish dotless i and the like would become Latin letters by upper().
    return "".join(letter.upper() if letter.isascii() else letter for letter in folded)


def is_code(code: str) -> bool:
    """Whether a normalised text has the form of a code and its check character is right."""
    return _CODE.fullmatch(code) is not None and _sum(code) == 0


def is_prefix(text: str) -> bool:
    """Whether codes may begin with this."""
    return _PREFIX.fullmatch(text) is not None


def new_codes(count: int, *, prefix: str = "") -> Iterator[str]:
    """So many codes from the operating system's source of randomness. Two may be equal, once in ages."""
    size, triples, every = len(_TRIPLES), _TRIPLES, _sums()
    begun = _sum_at(prefix, RANDOM + 2)
    for _ in range(count):
        rest = secrets.randbelow(size**4)
        rest, d = divmod(rest, size)
        rest, c = divmod(rest, size)
        a, b = divmod(rest, size)
        total = begun + every[4 * a] + every[4 * b + 1] + every[4 * c + 2] + every[4 * d + 3]
        yield f"{prefix}{triples[a]}{triples[b]}{triples[c]}{triples[d]}{ALPHABET[-total % _BASE]}"


def spoken(code: str) -> str:
    """The code in groups, as it is printed and read aloud: `ABCD-EFGH-JKMPR`; a prefix is a group of its own."""
    prefix, rest = code[: -(RANDOM + 1)], code[-(RANDOM + 1) :]
    groups = [rest[:_GROUP], rest[_GROUP : 2 * _GROUP], rest[2 * _GROUP :]]
    return "-".join([prefix, *groups] if prefix else groups)


@cache
def _sums() -> list[int]:
    """What every three characters add to the sum at each of their four places: so a code costs four look-ups."""
    return [_sum_at(triple, weight) for triple in _TRIPLES for weight in (11, 8, 5, 2)]


def _sum(code: str) -> int:
    """The weighted sum modulo 23: the last character weighs 1, the one before it 2, and so on. Right where it is 0."""
    return sum(weight * _PLACES[letter] for weight, letter in enumerate(reversed(code), start=1)) % _BASE


def _sum_at(part: str, lightest: int) -> int:
    """What a part of a code adds to its sum, the part's last character weighing `lightest`."""
    return sum(weight * _PLACES[letter] for weight, letter in enumerate(reversed(part), start=lightest))
