"""What a table of one script is: its graphemes, and the sounds each may stand for. Pure.

A sound is written as the phonemes it may be, the likeliest first: `bv` is a b or a v. After a colon stands what it
costs to leave the sound out, between 0 (never heard) and 1 (an ordinary consonant): `h:.3`. A grapheme that stands for
several sounds in a row has them parted by spaces, a silent one has none.

Phonemes: vowels `a e i o u`; glides `y w`; `h`; `b p v f d t g k q l m n r s z`; `S` (sh), `Z` (zh), `C` (ch), `J`
(dj), `c` (ts), `x` (the sound of loch).

A grapheme is letters, with `^` in front where it only counts at the beginning of a word, `$` behind it at the end, and
`{…}` behind it where one of those letters has to follow. The longest fitting one is taken, and of two equally long ones
the one with more conditions.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

VOWELS = frozenset("aeiou")
PHONEMES = frozenset("aeiouywhbpvfdtgkqlmnrszSZCJcx")

_GRAPHEME = re.compile(r"(?P<start>\^?)(?P<letters>[^^${}]+)(\{(?P<next>[^}]+)\})?(?P<end>\$?)")


@dataclass(frozen=True, slots=True)
class Sound:
    """The phonemes that a part of a word may stand for, the likeliest first, and what leaving it out costs."""

    phonemes: str
    dropped: float

    @classmethod
    def parse(cls, written: str) -> "Sound":
        """A sound as the tables write it; without a cost, a vowel costs .35 and a consonant 1."""
        phonemes, _, cost = written.partition(":")
        if not phonemes or not PHONEMES.issuperset(phonemes):
            raise ValueError(f"{written!r} has a phoneme that isn't one")
        return cls(phonemes, float(cost) if cost else 0.35 if phonemes[0] in VOWELS else 1.0)


@dataclass(frozen=True)
class Script:
    """A script's table. `abjad` where vowels are mostly left out."""

    name: str
    abjad: bool
    graphemes: Mapping[str, str]
    letters: frozenset[str] = field(init=False, repr=False)
    _rules: tuple[tuple[Sound, ...], ...] = field(init=False, repr=False)
    _pattern: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Compile the table into one pattern, whose groups number the rules."""
        order = sorted(self.graphemes, key=_precedence)
        rules = tuple(tuple(map(Sound.parse, self.graphemes[grapheme].split())) for grapheme in order)
        object.__setattr__(self, "letters", frozenset("".join(order)) - frozenset("^${}"))
        object.__setattr__(self, "_rules", rules)
        object.__setattr__(self, "_pattern", re.compile("|".join(f"({_pattern(grapheme)})" for grapheme in order)))

    def read(self, word: str) -> tuple[Sound, ...]:
        """The sounds of a word. Letters that the table doesn't know are passed over.

        A doubled letter is one sound, but not in an abjad, where a vowel is unwritten in between (חדד is Hadad).
        """
        heard: list[Sound] = []
        for found in self._pattern.finditer(word):
            for sound in self._rules[(found.lastindex or 1) - 1]:
                if self.abjad or not heard or heard[-1].phonemes != sound.phonemes:
                    heard.append(sound)
        return tuple(heard)

    def sounds(self) -> set[Sound]:
        """Every sound of the table."""
        return {sound for rule in self._rules for sound in rule}


def _precedence(grapheme: str) -> tuple[int, int, str]:
    found = _GRAPHEME.fullmatch(grapheme)
    assert found is not None, grapheme
    conditions = bool(found["start"]) + bool(found["next"]) + bool(found["end"])
    return -len(found["letters"]), -conditions, grapheme


def _pattern(grapheme: str) -> str:
    found = _GRAPHEME.fullmatch(grapheme)
    assert found is not None, grapheme
    following = f"(?=[{re.escape(found['next'])}])" if found["next"] else ""
    start, end = r"(?<!.)" if found["start"] else "", r"(?!.)" if found["end"] else ""
    return f"{start}{re.escape(found['letters'])}{following}{end}"
