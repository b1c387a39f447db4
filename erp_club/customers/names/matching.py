"""How well the words of the dictionary match one typed word. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from erp_club.customers.names.alignment import matrix, similarities
from erp_club.customers.names.entries import sounds
from erp_club.customers.names.scripts import ABJADS, scripts_of
from erp_club.customers.names.spelling import surface

LEAST = 0.5
"""Below this two words are not alike."""
SAME, SAME_LETTERS = 1.0, 0.985
"""The word itself, and one that differs by accents, apostrophes or final forms only."""
MOST_BY_SOUND, MOST_ACROSS = 0.98, 0.97
"""What two different spellings may reach, in one script and in two."""
SHORTEST_SLIP, SHORTEST_TWO_SLIPS = 4, 7
"""Letters of a word in which one typing slip, or two, are allowed for."""
BEGUN = (0.74, 0.8, 0.86)
"""What one letter, two, or three and more count as the beginning of a word, before the share of it that is typed."""

COMMON = 0.01
"""What a word gains with twice the bearers, where only so many words can be looked for."""
TOO_SHORT = 0.82
"""What the sound of one letter counts, or of two that aren't an abjad's: more likely somebody is still typing."""

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Words of the dictionary that share a key with one that was typed, or begin like it: one list for each column.

    `sounds` are the sound numbers of all, each word's ended by a 0. `same` are the numbers of the typed word itself,
    which may stand in the dictionary twice for a while.
    """

    ids: Sequence[int]
    surfaces: Sequence[str]
    sounds: bytes
    bearers: Sequence[int]
    same: Sequence[int]


NOTHING = Candidates((), (), b"", (), ())


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


def matches(typed: str, candidates: Candidates, *, most: int) -> list[Match]:
    """The best matches of one typed word. A common name is preferred a little to a rare one that sounds nearer."""
    if not candidates.ids:
        return []
    letters = surface(typed)
    begins = np.array([each.startswith(letters) for each in candidates.surfaces])
    scripts = scripts_of(candidates.surfaces)
    scores = _scores(typed, letters, candidates, scripts)
    scores = np.where(begins, np.maximum(scores, _begun(letters, candidates)), scores)
    likely = scores + COMMON * np.log2(np.maximum(candidates.bearers, 1))
    order = np.argsort(-likely, kind="stable")
    places: list[int] = order[scores[order] >= LEAST][:most].tolist()
    return [
        Match(
            candidates.ids[place],
            float(scores[place]),
            bool(begins[place]),
            candidates.bearers[place],
            int(scripts[place]),
        )
        for place in places
    ]


def _scores(typed: str, letters: str, candidates: Candidates, scripts: NDArray[np.intp]) -> Scores:
    """Each candidate's score by sound or, in the same script, by a typing slip."""
    script = scripts_of([letters])[0]
    same = scripts == script
    heard = sounds(typed)
    if not heard:
        return np.where(same, _slips(letters, candidates.surfaces), np.float32(0))
    scores = similarities(heard, matrix(candidates.sounds), ABJADS[scripts] != ABJADS[script])
    if len(letters) < (2 if ABJADS[script] else 3):
        scores *= np.float32(TOO_SHORT)
    slips = np.maximum(scores * np.float32(MOST_BY_SOUND), _slips(letters, candidates.surfaces))
    return np.where(same, slips, scores * np.float32(MOST_ACROSS))


def _slips(letters: str, surfaces: Sequence[str]) -> Scores:
    lengths = np.array([len(each) for each in surfaces])
    slips = cdist([letters], surfaces, scorer=OSA.distance, score_cutoff=2)[0]
    longer = np.maximum(len(letters), lengths)
    allowed = np.where(longer >= SHORTEST_TWO_SLIPS, 2, np.where(longer >= SHORTEST_SLIP, 1, 0))
    return np.where(slips <= allowed, 1 - 0.75 * slips / np.maximum(longer, 1), 0).astype(np.float32)


def _begun(letters: str, candidates: Candidates) -> Scores:
    """What each candidate counts that begins as was typed: the word itself, or one that goes on."""
    lengths = np.array([len(each) for each in candidates.surfaces])
    begun = BEGUN[min(len(letters), len(BEGUN)) - 1] + 0.1 * len(letters) / np.maximum(lengths, 1)
    whole = np.where(np.isin(candidates.ids, candidates.same), SAME, SAME_LETTERS)
    return np.where(lengths == len(letters), whole, begun).astype(np.float32)
