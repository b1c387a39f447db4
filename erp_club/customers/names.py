"""Names as they are stored and as they are compared. Pure.

What is compared are a name's tokens: a search finds the customers that have, for each token typed, one that begins so.
Sounds and other scripts are for a later key beside the token; nothing here presumes that a token is spelt out.
"""

import re
import unicodedata

LONGEST = 200
"""Letters of one name that are kept."""
LONGEST_TOKEN = 60

# Marks that turn the writing direction (UAX #9) and characters of no width, which only serve to disguise a name.
# The joiners U+200C and U+200D stay: Persian and Indian names are spelt with them.
_INVISIBLE = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]")
_SPACE = re.compile(r"\s+")
# Apostrophes, and the Hebrew geresh and gershayim in their typed and their typographic forms.
_INSIDE = re.compile("['\"`\u00b4\u02b9\u02bb\u02bc\u2018\u2019\u201c\u201d\u05f3\u05f4\u200c\u200d]")
# Latin letters that are no letter plus accent in Unicode.
_LATIN = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h"})
_HEBREW_POINTS = re.compile("[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]")


def tidy(text: str) -> str:
    """A name as it is stored: composed (NFC), single spaces, without marks that nobody sees.

    >>> tidy("  Anna\\u202e  Lisa ")
    'Anna Lisa'
    """
    shown = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    spaced = "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in shown)
    return _SPACE.sub(" ", spaced).strip()


def fold(text: str) -> str:
    """A text as it is compared: without case, and without accents on Latin letters or points on Hebrew ones.

    >>> fold("Nguyễn"), fold("SØRENSEN"), fold("Йосеф")
    ('nguyen', 'sorensen', 'йосеф')
    """
    folded: list[str] = []
    base = ""
    for letter in unicodedata.normalize("NFD", _INVISIBLE.sub("", text).casefold()):
        if not unicodedata.combining(letter):
            base = letter
        elif base.isascii() or _HEBREW_POINTS.match(letter):
            continue
        folded.append(letter)
    # A second time, since folding may have made a letter that folds further (İ, ẞ).
    return unicodedata.normalize("NFC", "".join(folded)).translate(_LATIN)


def typed_tokens(text: str) -> tuple[str, ...]:
    """What somebody typed to find a name, token by token, each once, the longest first.

    Apostrophes, geresh and gershayim are taken out; hyphens, the maqaf and all else part tokens.
    """
    found = {token[:LONGEST_TOKEN] for token in _split(_INSIDE.sub("", fold(text)))}
    return tuple(sorted(found, key=lambda token: (-len(token), token)))


def tokens(*names: str | None) -> frozenset[str]:
    """Every token by which a customer of these names is found.

    A name with an apostrophe is found whole and by its parts: `O'Brien` by `obrien`, `o` and `brien`.
    """
    found: set[str] = set()
    for name in names:
        if name:
            folded = fold(name)
            found.update(_split(_INSIDE.sub("", folded)), _split(_INSIDE.sub(" ", folded)))
    return frozenset(token[:LONGEST_TOKEN] for token in found)


def _split(folded: str) -> list[str]:
    """Runs of letters, digits and the marks that belong to them."""
    spaced = "".join(letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in folded)
    return spaced.split()
