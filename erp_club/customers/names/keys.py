"""The keys by which a word finds words that may be the same name. Pure.

Two words that share a key are looked at closely (`alignment.py`); words that share none are never compared. So keys
are generous. There are two sorts:

- *Skeletons* are for the ear: a word's consonants by class, with a sign for a vowel at the beginning. A word has as
  many skeletons as its letters may be read.
- *Pieces* are for the fingers, and find a word in spite of one slip of typing. A short word is kept whole and without
  each of its letters (the idea of SymSpell). Of a longer one a slip spoils just one half, so the halves are kept, each
  with the word's length; since many names end alike, the second half stands with the first or the second letter.

Keys are kept as 32-bit numbers: where two share one by chance, the closer look tells.
"""

import zlib
from collections.abc import Iterable
from functools import cache

from erp_club.customers.names.script import VOWELS, Sound
from erp_club.customers.names.scripts import heard
from erp_club.customers.names.spelling import surface

MOST_SKELETONS = 24
SHORTEST_SLIP = 3
"""Letters of the shortest word in which one may be a slip."""
LONGEST_WHOLE = 5
"""Letters of the longest word that isn't kept by halves."""

OPEN = "A"
"""Stands in a skeleton for a vowel, or what isn't heard, at the beginning of a word."""

CLASSES = {
    "b": "B", "v": "B", "w": "B", "p": "P", "f": "BP", "t": "T", "d": "D", "s": "S", "z": "S", "c": "S", "S": "S",
    "Z": "S", "C": "S", "J": "S", "k": "K", "q": "K", "g": "G", "x": "HK", "h": "H", "l": "L", "r": "R", "m": "M",
    "n": "N",
}  # fmt: skip
"""The class or classes of a consonant; what has none is left out of a skeleton."""
SILENT = frozenset("hwy") | VOWELS
"""Phonemes that may go unwritten, or unheard."""


def stored_keys(word: str) -> tuple[int, ...]:
    """The keys that the dictionary keeps of a word, in order and each once."""
    plain = surface(word)
    pieces = _shortened(plain) if len(plain) <= LONGEST_WHOLE else _halves(plain)
    return _numbers([plain, *pieces, *skeletons(heard(word))])


def asked_keys(word: str) -> tuple[int, ...]:
    """The keys by which a typed word is looked up: those of every word that it may be, with one slip."""
    plain = surface(word)
    pieces = _shortened(plain) if len(plain) <= LONGEST_WHOLE + 1 else []
    for length in (len(plain) - 1, len(plain), len(plain) + 1):
        if length > LONGEST_WHOLE:
            pieces += _meant_halves(plain, length)
    if len(plain) > LONGEST_WHOLE:
        # Two letters that changed places across the middle spoil both halves.
        half = len(plain) // 2
        pieces += _halves(f"{plain[: half - 1]}{plain[half]}{plain[half - 1]}{plain[half + 1 :]}")
    return _numbers([plain, *pieces, *skeletons(heard(word))])


def _shortened(plain: str) -> list[str]:
    """A word without each of its letters."""
    if len(plain) < SHORTEST_SLIP:
        return []
    return [plain[:place] + plain[place + 1 :] for place in range(len(plain))]


def _halves(plain: str) -> list[str]:
    half = len(plain) // 2
    return [
        f"{len(plain)}<{plain[:half]}",
        f"{len(plain)}>1{plain[0]}{plain[half:]}",
        f"{len(plain)}>2{plain[1]}{plain[half:]}",
    ]


def _meant_halves(plain: str, length: int) -> list[str]:
    """The halves of the words of this length that somebody meant who slipped once.

    After a slip at the first letter, the second one stands where it did, or one place before or behind.
    """
    half = length // 2
    ending = plain[half - length :]
    seconds = {plain[1]} | ({plain[0]} if length >= len(plain) else {plain[2]})
    return [
        f"{length}<{plain[:half]}",
        f"{length}>1{plain[0]}{ending}",
        *(f"{length}>2{each}{ending}" for each in seconds),
    ]


def skeletons(sounds: Iterable[Sound]) -> list[str]:
    """The skeletons of a word, at most `MOST_SKELETONS`, those of its likeliest readings first; none of one unheard."""
    found = [""]
    for sound in sounds:
        classes = {first: _classes(sound, first=first) for first in (True, False)}
        longer = (_with(skeleton, each) for skeleton in found for each in classes[not skeleton])
        found = list(dict.fromkeys(longer))[: 3 * MOST_SKELETONS]
    return list(filter(None, found))[:MOST_SKELETONS]


@cache
def _classes(sound: Sound, *, first: bool) -> tuple[str, ...]:
    """What a sound may add to a skeleton, the likeliest first. At the beginning one's g is another's h or j."""
    added: list[str] = []
    for phoneme in sound.phonemes:
        added += CLASSES.get(phoneme, "")
        if phoneme in SILENT:
            added.append(OPEN if first else "")
    if first and sound.phonemes[0] == "g":
        added += "HS"
    if sound.dropped < 1 and sound.phonemes[0] not in SILENT:
        added.append("")
    return tuple(dict.fromkeys(added))


def _with(skeleton: str, added: str) -> str:
    """A skeleton and one class more: the same twice is once, g and k together are k, a stop melts into a hiss."""
    before = skeleton[-1:]
    if (added == "S" and before in {"T", "D"}) or (added == "K" and before == "G"):
        return _with(skeleton[:-1], added)
    if skeleton.endswith(added) or (added == "G" and before == "K"):
        return skeleton
    return skeleton + added


def _numbers(keys: Iterable[str]) -> tuple[int, ...]:
    """Keys as signed 32-bit numbers, PostgreSQL's `integer`."""
    return tuple(sorted({int.from_bytes(zlib.crc32(key.encode()).to_bytes(4), signed=True) for key in keys}))
