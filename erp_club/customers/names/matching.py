"""How well the words of the dictionary match one typed word. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from erp_club.customers.names.alignment import similarities
from erp_club.customers.names.entries import sounds
from erp_club.customers.names.scripts import NUMBERS, SCRIPTS, STARTS, script_number
from erp_club.customers.names.spelling import surface

LEAST = 0.5
"""Below this two words are not alike."""
SAME, SAME_LETTERS = 1.0, 0.985
"""The word itself, and one that differs by accents, apostrophes or final forms only."""
MOST_BY_SOUND, MOST_ACROSS = 0.98, 0.97
"""What two different spellings may reach, in one script and in two."""
SHORTEST_SLIP, SHORTEST_TWO_SLIPS = 4, 7
"""Letters of a word in which one typing slip, or two, are allowed for."""
MOST_SLIPS = 2
BEGUN = (0.74, 0.8, 0.86)
"""What one letter, two, or three and more count as the beginning of a word, before the share of it that is typed."""

COMMON = 0.01
"""What a word gains with twice the bearers, where only so many words can be looked for."""
TOO_SHORT = 0.82
"""What the sound of one letter counts, or of two that aren't an abjad's: more likely somebody is still typing."""

_SPACE = ord(" ")
_ABJADS = np.array([script.abjad for script in SCRIPTS])
"""Which scripts leave vowels out."""
_STARTS, _NUMBERS = np.array(STARTS), np.array(NUMBERS)

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Words of the dictionary that share a key with one that was typed, or begin like it: one list for each column.

    `letters` are the surfaces of all, parted by a space; `sounds` their sound numbers, each word's ended by a 0. `same`
    are the numbers of the typed word itself, which may stand in the dictionary twice for a while.
    """

    ids: NDArray[np.integer]
    letters: str
    sounds: bytes
    bearers: NDArray[np.integer]
    same: Sequence[int]


_NONE = np.array([], dtype=np.int32)
NOTHING = Candidates(_NONE, "", b"", _NONE, ())


@dataclass(frozen=True, slots=True)
class Match:
    """A word of the dictionary and how well it matches, between `LEAST` and 1; `spelt` where it begins as was typed.

    `bearers` is about how many customers have it; `script` is its script's place in `scripts.SCRIPTS`.
    """

    word_id: int
    score: float
    spelt: bool
    bearers: int = 0
    script: int = 0


@dataclass(frozen=True, slots=True)
class _Surfaces:
    """The surfaces of candidates: as they are, their lengths, their scripts, and which begin as was typed."""

    words: Sequence[str]
    lengths: NDArray[np.intp]
    scripts: NDArray[np.intp]
    begin: NDArray[np.bool_]

    @staticmethod
    def of(letters: str, typed: str) -> "_Surfaces":
        """Those of words parted by a space, looked at all at once."""
        ended = f"{letters} ".ljust(len(letters) + 1 + len(typed), "\0")
        codes = np.frombuffer(ended.encode("utf-32-le"), dtype=np.uint32)
        ends = np.flatnonzero(codes == _SPACE)
        starts = np.concatenate(([0], ends[:-1] + 1))
        begin = np.ones(len(starts), dtype=np.bool_)
        for place, letter in enumerate(typed):
            begin &= codes[starts + place] == ord(letter)
        return _Surfaces(letters.split(" "), ends - starts, _scripts_by(codes[starts]), begin)


def _scripts_by(letters: NDArray[np.integer]) -> NDArray[np.intp]:
    """The scripts of these letters, by their code points, as places in `SCRIPTS`."""
    return _NUMBERS[np.searchsorted(_STARTS, letters, side="right") - 1]


def matches(typed: str, candidates: Candidates, *, most: int) -> list[Match]:
    """The best matches of one typed word. A common name is preferred a little to a rare one that sounds nearer."""
    if not len(candidates.ids):
        return []
    letters = surface(typed)
    surfaces = _Surfaces.of(candidates.letters, letters)
    scores = _scores(typed, letters, candidates, surfaces)
    begun = np.flatnonzero(surfaces.begin)
    scores[begun] = np.maximum(scores[begun], _begun(letters, candidates, surfaces.lengths, begun))
    alike = np.flatnonzero(scores >= LEAST)
    likely = scores[alike] + COMMON * np.log2(np.maximum(candidates.bearers[alike], 1))
    best = alike[np.argsort(-likely, kind="stable")[:most]]
    columns = (candidates.ids, scores, surfaces.begin, candidates.bearers, surfaces.scripts)
    return [Match(*of_word) for of_word in zip(*(column[best].tolist() for column in columns), strict=True)]


def _scores(typed: str, letters: str, candidates: Candidates, surfaces: _Surfaces) -> Scores:
    """Each candidate's score by sound or, in the same script, by a typing slip."""
    script = script_number(letters)
    same = surfaces.scripts == script
    heard = sounds(typed)
    if heard:
        scores = similarities(heard, candidates.sounds, _ABJADS[surfaces.scripts] != _ABJADS[script])
        if len(letters) < (2 if _ABJADS[script] else 3):
            scores *= np.float32(TOO_SHORT)
        scores *= np.where(same, np.float32(MOST_BY_SOUND), np.float32(MOST_ACROSS))
    else:
        scores = np.zeros(len(same), dtype=np.float32)
    near = np.flatnonzero(same & (abs(surfaces.lengths - len(letters)) <= MOST_SLIPS))
    scores[near] = np.maximum(scores[near], _slips(letters, surfaces, near))
    return scores


def _slips(letters: str, surfaces: _Surfaces, near: NDArray[np.intp]) -> Scores:
    """What the words at these places count, which are about as long, where they are typed with a slip or two."""
    words = [surfaces.words[place] for place in near.tolist()]
    slips = cdist([letters], words, scorer=OSA.distance, score_cutoff=MOST_SLIPS)[0]
    longer = np.maximum(len(letters), surfaces.lengths[near])
    allowed = np.where(longer >= SHORTEST_TWO_SLIPS, MOST_SLIPS, np.where(longer >= SHORTEST_SLIP, 1, 0))
    return np.where(slips <= allowed, 1 - 0.75 * slips / np.maximum(longer, 1), 0).astype(np.float32)


def _begun(letters: str, candidates: Candidates, lengths: NDArray[np.intp], begun: NDArray[np.intp]) -> Scores:
    """What the words at these places count, which begin as was typed: the word itself, or one that goes on."""
    share = BEGUN[min(len(letters), len(BEGUN)) - 1] + 0.1 * len(letters) / np.maximum(lengths[begun], 1)
    itself = (candidates.ids[begun, None] == np.array(candidates.same, dtype=np.int32)).any(axis=1)
    whole = np.where(itself, SAME, SAME_LETTERS)
    return np.where(lengths[begun] == len(letters), whole, share).astype(np.float32)
