"""How alike the names of two persons are. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from erp_club.customers.names.judging import PARTICLE, Unit, by_score, judged
from erp_club.customers.names.matching import Candidates, Match, matches
from erp_club.customers.names.nicknames import also_called, counted
from erp_club.customers.names.spelling import PARTICLES, parts, words


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the dictionary of names; `sounds` as the dictionary keeps them."""

    id: int
    word: str
    surface: str
    sounds: bytes


def likeness(
    names: Sequence[str | None], bearers: Mapping[int, Sequence[int]], dictionary: Iterable[Word]
) -> dict[int, float]:
    """How well each bearer's words (numbers of the `dictionary`) match a person's names, 0 to 1, by the bearer's id.

    `names` are given and family name, and the same in a second script: the better of the two spellings counts.
    """
    known = list(dictionary)
    if not known:
        return dict.fromkeys(bearers, 0.0)
    spellings = [_parts(names[:2]), _parts(names[2:])]
    units = [[_unit(part, known) for part in spelling] for spelling in spellings if spelling]
    return {
        bearer: max((min(1.0, judged(bearer, each, of_bearer).score) for each in units), default=0.0)
        for bearer, of_bearer in bearers.items()
    }


def _parts(names: Iterable[str | None]) -> list[str]:
    return [part for word in words(" ".join(name for name in names if name)) for part in parts(word)]


def _unit(part: str, known: Sequence[Word]) -> Unit:
    found = _matches(part, known)
    for other in also_called(part):
        found += counted(_matches(other, known))
    # The worst first, so that the best of two matches of one word is the one that stays.
    best = {match.word_id: match for match in sorted(found, key=by_score)}
    return Unit(best, PARTICLE if part in PARTICLES else 1.0)


def _matches(part: str, known: Sequence[Word]) -> list[Match]:
    candidates = Candidates(
        ids=np.array([each.id for each in known]),
        letters=" ".join(each.surface for each in known),
        sounds=b"".join(each.sounds + b"\0" for each in known),
        bearers=np.zeros(len(known), dtype=np.int32),
        same=[each.id for each in known if each.word == part],
    )
    return matches(part, candidates, most=len(known))
