"""How well a customer's names, word by word, match what was typed. Pure."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from erp_club.customers.names.matching import SAME, Match

ENOUGH = 2_000
"""Customers with a single word that is begun so: of the beginning of half a million names the best few are taken."""
MISSING = 0.72
"""What a typed word counts that a customer doesn't have, where three or more were typed: a middle name too much."""
PARTICLE = 0.25
"""What a word like ben or al weighs beside a name."""
OTHERWISE = 0.3
"""The share of a list that may go to the best in scripts that else would come too late."""
ANOTHER_SCRIPT = 0.85
"""How well somebody written in another script has to match to be listed for that alone."""
SECOND_NAME = 0.1
"""The share of a list that namesakes leave to people with a second given name or written otherwise."""
SURPLUS = 0.001
"""What each word of a customer's takes off that wasn't typed."""


@dataclass(frozen=True, slots=True)
class NameHit:
    """A customer and how well the names match what was typed, 0 to 1.

    `exact` where each word typed is one of the names; `spelt` where it is spelt as one of them, or as it begins.
    `words` are all those of the customer: whoever has the same ones is a namesake. `script` is that of the word that
    matches best.
    """

    customer_id: int
    score: float
    spelt: bool
    words: tuple[int, ...] = ()
    script: int = 0
    exact: bool = False

    @property
    def closeness(self) -> tuple[bool, float]:
        """By what hits stand in order, the better ones first; those who are equal here match equally well.

        A hundredth more or less tells nobody apart: which way a name is spelt, or that it has a second given name which
        nobody typed. Last week's purchase does.
        """
        return not self.exact, -round(self.score, 2)


@dataclass(frozen=True, slots=True)
class Unit:
    """One of the words looked for, as a reading of what was typed has it: the matches by word, and what it weighs."""

    matches: Mapping[int, Match]
    weight: float

    def at_least(self, score: float) -> list[int]:
        """The words that match so well."""
        return [each.word_id for each in self.matches.values() if each.score >= score]

    def best(self, score: float) -> list[int]:
        """Of the words that match so well the best ones, as many as `ENOUGH` customers have."""
        good = sorted((each for each in self.matches.values() if each.score >= score), key=by_score, reverse=True)
        before = itertools.accumulate((each.bearers for each in good), initial=0)
        return [each.word_id for each, others in zip(good, before, strict=False) if others < ENOUGH]


def judged(customer_id: int, units: Sequence[Unit], of_customer: Sequence[int]) -> NameHit:
    """How well a customer's words match: each typed word takes the best one that is left, the surest word first."""
    left = set(of_customer)
    nothing = Match(0, 0.0, spelt=False)
    total, spelt, lowest, surest, best = 0.0, True, 1.0, 1.0, nothing
    chosen = [
        (unit, max((unit.matches[w] for w in of_customer if w in unit.matches), key=by_score, default=nothing))
        for unit in units
    ]
    for unit, again in sorted(chosen, key=lambda pair: -pair[1].score):
        match = max((unit.matches[word] for word in left if word in unit.matches), key=by_score, default=nothing)
        if not left:  # a customer has each word once, Ali Ali too
            match = again
        left.discard(match.word_id)
        best = max(best, match, key=by_score)
        total, spelt = total + match.score * unit.weight, spelt and match.spelt
        surest = min(surest, match.score)
        if unit.weight == 1:
            lowest = min(lowest, match.score)
    if len(units) > 2:
        total += max(0.0, MISSING - lowest)
    score = total / sum(unit.weight for unit in units) - SURPLUS * abs(len(of_customer) - len(units))
    return NameHit(customer_id, score, spelt, tuple(of_customer), best.script, exact=surest >= SAME)


def shared_out(order: Sequence[NameHit], limit: int) -> list[NameHit]:
    """The first ones in their order, where namesakes leave some of the places to people who are written otherwise.

    Which of fifty namesakes is meant no list of ten can tell. But it can show that there is somebody of that name with
    a second given name, and in each script somebody who matches well.
    """
    best_of_script = {
        hit.script: place for place, hit in reversed(list(enumerate(order))) if hit.score >= ANOTHER_SCRIPT
    }
    kept = sorted(best_of_script.values())[: 1 + int(limit * OTHERWISE)]
    left = limit - len(kept)
    namesakes = left - int(limit * SECOND_NAME)
    of_a_name = Counter[tuple[int, ...]]()
    first: list[int] = []
    more: list[int] = []
    for place, hit in enumerate(order):
        if place not in kept:
            of_a_name[hit.words] += 1
            (first if of_a_name[hit.words] <= namesakes else more).append(place)
    taken = first[:left]
    return [order[place] for place in sorted((*kept, *taken, *more[: left - len(taken)]))]


def by_score(match: Match) -> float:
    """The key to put matches in order by."""
    return match.score
