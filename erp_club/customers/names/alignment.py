"""How alike two words sound, over many words at once. Pure.

An edit distance over sounds (Levenshtein with transpositions: Damerau 1964, restricted form) with costs of `costs.py`:
a vowel that one word has and the other, in an abjad, doesn't write, costs next to nothing. The loop over a word's
sounds is in Python, the one over the words it is compared with in numpy.
"""

import itertools

import numpy as np
from numpy.typing import NDArray

from erp_club.customers.names.costs import DROPPED, SUBSTITUTED, WEIGHTS

SWAPPED = 0.6
"""Two neighbouring sounds in the other order."""
LEAST_WEIGHT = 1.6
"""Below this weight of sounds one difference counts as much as in a word of this weight, else `Li` were like
nothing."""

TOGETHER = 1_500
"""Words that are compared at once: of about one length, and few enough to stay near the processor."""

Places = NDArray[np.intp]
Scores = NDArray[np.float32]


def similarities(word: bytes, others: bytes, across: NDArray[np.bool_]) -> Scores:
    """Similarity 0 to 1 of a word to each of the others.

    `word` and `others` are sound numbers, where a 0 ends each of the others; `across` says of which of them just one of
    the two is an abjad.
    """
    numbers = np.frombuffer(others, dtype=np.uint8).astype(np.intp)
    ends = np.flatnonzero(numbers == 0)
    lengths = np.diff(ends, prepend=-1) - 1
    found = np.empty(len(ends), dtype=np.float32)
    for part in np.array_split(np.argsort(lengths, kind="stable"), 1 + len(ends) // TOGETHER):
        found[part] = _similarities(word, _matrix(numbers, ends[part], lengths[part]), lengths[part], across[part])
    return found


def _matrix(numbers: Places, ends: Places, lengths: Places) -> Places:
    """The words that end there as a matrix with a column each, filled up with 0."""
    rows = np.arange(max(1, int(lengths.max(initial=0))))[:, None]
    # What goes on past a word's end is put out again, also past the last one's.
    return np.where(rows < lengths, numbers.take(ends - lengths + rows, mode="clip"), 0)


def _similarities(word: bytes, others: Places, lengths: Places, across: NDArray[np.bool_]) -> Scores:
    heard = np.frombuffer(word, dtype=np.uint8).astype(np.intp)
    twice, kinds = np.stack((heard, heard), axis=1), np.array([False, True])
    own = _dropped(twice, np.full(2, len(word)), kinds)
    kind = across.astype(np.intp)
    inserted = np.zeros((len(others) + 1, others.shape[1]), dtype=np.float32)
    np.cumsum(_dropped(others, lengths, across), axis=0, out=inserted[1:])
    before, last = inserted, inserted
    for place, sound in enumerate(word):
        swapped = (others[:-1] == sound) & (others[1:] == word[place - 1]) if place else None
        before, last = (
            last,
            _row(before, last, own[place].take(kind), SUBSTITUTED[sound].take(others), swapped, inserted),
        )
    weight = float(WEIGHTS[heard].sum())
    normal = np.maximum(LEAST_WEIGHT, (weight + WEIGHTS.take(others).sum(axis=0)) / 2)
    return np.maximum(1 - last[-1] / normal, 0)


def _row(
    before: Scores,
    last: Scores,
    dropped: Scores,
    substituted: Scores,
    swapped: NDArray[np.bool_] | None,
    inserted: Scores,
) -> Scores:
    """The next row of the tables of costs, one table for each of the others, from the two rows above it."""
    now = last + dropped
    substituted += last[:-1]
    np.minimum(now[1:], substituted, out=now[1:])
    if swapped is not None and swapped.any():
        np.minimum(now[2:], before[:-2] + np.float32(SWAPPED), out=now[2:], where=swapped)
    # Sounds of the others that are passed over: a running minimum, once their costs are taken off.
    now -= inserted
    for above, below in itertools.pairwise(now):
        np.minimum(above, below, out=below)
    now += inserted
    return now


def _dropped(words: Places, lengths: Places, across: NDArray[np.bool_]) -> Scores:
    """What leaving out each sound of each word costs, by where it stands."""
    kind = across.astype(np.intp)
    costs = _INSIDE[words + kind * DROPPED.shape[2]]
    costs[0] = DROPPED[kind, 1, words[0]]
    filled = np.flatnonzero(lengths)
    last = lengths[filled] - 1
    costs[last, filled] = DROPPED[kind[filled], 2, words[last, filled]]
    return costs


_INSIDE: Scores = np.ascontiguousarray(DROPPED[:, 0]).ravel()
