"""Which script a word is in, and how it sounds there. Pure."""

import bisect
import unicodedata
from functools import lru_cache

from erp_club.customers.names.arabic import ARABIC
from erp_club.customers.names.cyrillic import CYRILLIC
from erp_club.customers.names.hebrew import HEBREW
from erp_club.customers.names.latin import LATIN
from erp_club.customers.names.script import Script, Sound
from erp_club.customers.names.spelling import FINAL_FORMS

SCRIPTS = (LATIN, HEBREW, ARABIC, CYRILLIC)
_BLOCKS = ((0x400, 0x530, 3), (0x590, 0x600, 1), (0x600, 0x780, 2))
STARTS = (0, *(edge for first, end, _ in _BLOCKS for edge in (first, end)))
"""Code points from which on letters are of the script with the number that stands in the same place of `NUMBERS`."""
NUMBERS = (0, *(number for _, _, script in _BLOCKS for number in (script, 0)))


def script_number(word: str) -> int:
    """The place in `SCRIPTS` of the script of a word's first letter."""
    return NUMBERS[bisect.bisect_right(STARTS, ord(word[0]) if word else 0) - 1]


def script_of(word: str) -> Script:
    """The script of a word's first letter; everything that isn't Hebrew, Arabic or Cyrillic is taken for Latin."""
    return SCRIPTS[script_number(word)]


@lru_cache(maxsize=50_000)
def heard(word: str) -> tuple[Sound, ...]:
    """The sounds of a word in its script; a letter with a mark that the table doesn't know is read
    without it."""
    script = script_of(word)
    known = "".join(letter if letter in script.letters else _unmarked(letter) for letter in word.translate(FINAL_FORMS))
    return script.read(known)


def _unmarked(letter: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(each))
