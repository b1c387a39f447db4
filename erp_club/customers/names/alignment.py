"""How alike two words sound, over many words at once. Pure.

An edit distance over sounds (Levenshtein with transpositions: Damerau 1964, restricted form) with costs of `sounds.py`:
a vowel that one word has and the other, in an abjad, doesn't write, costs next to nothing. The loop over a word's
sounds is in Python, the one over the words it is compared with in numpy.
"""

import numpy as np
from numpy.typing import NDArray

from erp_club.customers.names.sounds import DROPPED, SUBSTITUTED, WEIGHTS

SWAPPED = 0.6
"""Two neighbouring sounds in the other order."""
LEAST_WEIGHT = 1.6
"""Below this weight of sounds one difference counts as much as in a word of this weight, else `Li` were like
nothing."""

Numbers = NDArray[np.uint8]
Scores = NDArray[np.float32]


def matrix(words: bytes) -> Numbers:
    """Words of sound numbers, each ended by a 0, as a matrix with a row each, filled up with 0."""
    numbers = np.frombuffer(words, dtype=np.uint8)
    ends = np.flatnonzero(numbers == 0)
    lengths = np.diff(ends, prepend=-1) - 1
    filled = np.zeros((len(ends), max(1, int(lengths.max(initial=0)))), dtype=np.uint8)
    filled[np.arange(filled.shape[1]) < lengths[:, None]] = numbers[numbers != 0]
    return filled


def similarities(word: bytes, others: Numbers, across: NDArray[np.bool_]) -> Scores:
    """Similarity 0 to 1 of a word to each of the others.

    `word` and the rows of `others` are sound numbers; `across` says of which others just one of the two is an abjad.
    """
    lengths = np.count_nonzero(others, axis=1)
    costs = _dropped(others, lengths, across)
    own = _dropped(np.frombuffer(word, dtype=np.uint8)[None, :], np.array([len(word)]), np.array([False]))[0]
    abjads = _dropped(np.frombuffer(word, dtype=np.uint8)[None, :], np.array([len(word)]), np.array([True]))[0]
    inserted = np.zeros((len(others), len(others[0]) + 1), dtype=np.float32)
    inserted[:, 1:] = costs.cumsum(axis=1)
    before, last = inserted, inserted
    for place, sound in enumerate(word):
        dropped = np.array([own[place], abjads[place]], dtype=np.float32)[across.astype(np.intp)]
        swapped = (others[:, :-1] == sound) & (others[:, 1:] == word[place - 1]) if place else None
        before, last = last, _row(before, last, dropped, SUBSTITUTED[sound][others], swapped, inserted)
    weight = float(WEIGHTS[np.frombuffer(word, dtype=np.uint8)].sum())
    normal = np.maximum(LEAST_WEIGHT, (weight + WEIGHTS[others].sum(axis=1)) / 2)
    return np.maximum(1 - last[:, -1] / normal, 0)


def _row(
    before: Scores,
    last: Scores,
    dropped: Scores,
    substituted: Scores,
    swapped: NDArray[np.bool_] | None,
    inserted: Scores,
) -> Scores:
    """The next row of the tables of costs, one table for each of the others, from the two rows above it."""
    now = last + dropped[:, None]
    now[:, 1:] = np.minimum(now[:, 1:], last[:, :-1] + substituted)
    if swapped is not None and swapped.any():
        now[:, 2:] = np.minimum(now[:, 2:], np.where(swapped, before[:, :-2] + SWAPPED, np.inf))
    # Sounds of the others that are passed over: a running minimum, once their costs are taken off.
    return np.minimum.accumulate(now - inserted, axis=1) + inserted


def _dropped(words: Numbers, lengths: NDArray[np.int64], across: NDArray[np.bool_]) -> Scores:
    """What leaving out each sound of each word costs, by where it stands."""
    kind = across.astype(np.intp)
    place = np.zeros(words.shape, dtype=np.intp)
    place[:, :1] = 1
    filled = np.flatnonzero(lengths)
    place[filled, lengths[filled] - 1] = 2
    return DROPPED[kind[:, None], place, words]
