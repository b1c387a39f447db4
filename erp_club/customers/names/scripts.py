"""Which script a word is in, and how it sounds there. Pure."""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from erp_club.customers.names.arabic import ARABIC
from erp_club.customers.names.cyrillic import CYRILLIC
from erp_club.customers.names.hebrew import HEBREW
from erp_club.customers.names.latin import LATIN
from erp_club.customers.names.script import Script, Sound
from erp_club.customers.names.spelling import FINAL_FORMS

SCRIPTS = (LATIN, HEBREW, ARABIC, CYRILLIC)
ABJADS = np.array([script.abjad for script in SCRIPTS])
"""Which of them leave vowels out."""
_BLOCKS = ((0x400, 0x530, 3), (0x590, 0x600, 1), (0x600, 0x780, 2))
_STARTS = np.array([0, *(edge for first, end, _ in _BLOCKS for edge in (first, end))])
_NUMBERS = np.array([0, *(number for _, _, script in _BLOCKS for number in (script, 0))])


def script_of(word: str) -> Script:
    """The script of a word's first letter; everything that isn't Hebrew, Arabic or Cyrillic is taken for Latin."""
    return SCRIPTS[int(scripts_of([word])[0])]


def scripts_of(words: Sequence[str]) -> NDArray[np.intp]:
    """The scripts of many words, as places in `SCRIPTS`."""
    return scripts_by(np.array([ord(word[0]) if word else 0 for word in words]))


def scripts_by(letters: NDArray[np.integer]) -> NDArray[np.intp]:
    """The scripts of these letters, by their code points, as places in `SCRIPTS`."""
    return _NUMBERS[np.searchsorted(_STARTS, letters, side="right") - 1]


@lru_cache(maxsize=50_000)
def heard(word: str) -> tuple[Sound, ...]:
    """The sounds of a word in its script; a letter with a mark that the table doesn't know is read
    without it."""
    script = script_of(word)
    known = "".join(letter if letter in script.letters else _unmarked(letter) for letter in word.translate(FINAL_FORMS))
    return script.read(known)


def _unmarked(letter: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(each))
