"""How near sounds are to each other, and what leaving one out costs. Pure.

The costs are for names: b and v change places in Hebrew, w and v in German, g and h in Russian. What a table doesn't
list as near costs more than leaving one sound out and putting the other in.
"""

import numpy as np
from numpy.typing import NDArray

from erp_club.customers.names.script import VOWELS, Sound
from erp_club.customers.names.sounds import SOUNDS

FAR = 1.2
"""What two sounds cost that have nothing in common."""

RARER = 0.04
"""What it costs that a sound isn't the likeliest one of its letter."""

NEAR = {
    "bv": 0.35, "bp": 0.35, "bf": 0.6, "pf": 0.35, "pv": 0.6, "vf": 0.2, "vw": 0.1, "vu": 0.4, "vo": 0.5,
    "wu": 0.2, "wo": 0.3, "kq": 0.0, "kg": 0.45, "qg": 0.4, "kx": 0.3, "kh": 0.6, "gx": 0.4, "gh": 0.35, "xh": 0.2,
    "td": 0.4, "tc": 0.5, "sz": 0.2, "sS": 0.4, "cs": 0.3, "cz": 0.2, "cC": 0.35, "cS": 0.45, "SC": 0.3, "SZ": 0.3,
    "ZJ": 0.2, "CJ": 0.35, "CZ": 0.4, "zJ": 0.5, "zZ": 0.4, "sC": 0.55, "Jg": 0.4, "Jy": 0.4, "kC": 0.6, "mn": 0.55,
    "yi": 0.05, "ye": 0.2, "ya": 0.4, "ae": 0.25, "ai": 0.45, "ao": 0.3, "au": 0.45, "ei": 0.25, "eo": 0.4, "eu": 0.45,
    "iu": 0.45, "io": 0.5, "ou": 0.15,
}  # fmt: skip
"""Cost of one phoneme in the other's place, between 0 and 1."""

UNWRITTEN = {"a": 0.03, "e": 0.03, "i": 0.1, "o": 0.12, "u": 0.12, "y": 0.1}
"""What it costs that an abjad doesn't write a vowel inside a word: a and e it hardly ever writes, the others it mostly
does, as yod and vav or ya and waw (full spelling, which names and loanwords have)."""

Costs = NDArray[np.float32]


def _substitution() -> Costs:
    near = {(pair[0], pair[1]): cost for pair, cost in NEAR.items()}
    near |= {(pair[1], pair[0]): cost for pair, cost in NEAR.items()}
    costs = np.full((len(SOUNDS) + 1, len(SOUNDS) + 1), 9.0, dtype=np.float32)
    for first, one in enumerate(SOUNDS, 1):
        for second, other in enumerate(SOUNDS, 1):
            costs[first, second] = min(
                (0.0 if a == b else near.get((a, b), FAR)) + RARER * (bool(rank_a) + bool(rank_b))
                for rank_a, a in enumerate(one.phonemes)
                for rank_b, b in enumerate(other.phonemes)
            )
    return costs


def _vowel(sound: Sound) -> bool:
    return sound.phonemes[0] in VOWELS or sound.phonemes[0] == "y"


def _dropped() -> Costs:
    """By [0 same kind of script, 1 against an abjad][0 inside, 1 first, 2 last][sound]."""
    costs = np.zeros((2, 3, len(SOUNDS) + 1), dtype=np.float32)
    for number, sound in enumerate(SOUNDS, 1):
        e = sound.phonemes == "e"
        last = max(sound.dropped, 0.45) if _vowel(sound) and not e else sound.dropped
        costs[0, :, number] = sound.dropped, sound.dropped, last
        costs[1, :, number] = costs[0, :, number]
        if _vowel(sound) and sound.dropped > 0.15:
            inside = UNWRITTEN[sound.phonemes[0]]
            costs[1, :, number] = inside, 0.2 if len(sound.phonemes) < 3 else 0.07, 0.22 if e else 0.45
    return costs


def _weights() -> Costs:
    light = [_vowel(sound) or sound.phonemes[0] in "hw" for sound in SOUNDS]
    weights = [0.45 if soft and sound.dropped < 0.5 else 1.0 for soft, sound in zip(light, SOUNDS, strict=True)]
    return np.array([0.0, *weights], dtype=np.float32)


SUBSTITUTED = _substitution()
"""Cost of one sound in the other's place, by their numbers; none in any's place is out of the question."""
DROPPED = _dropped()
WEIGHTS = _weights()
"""How much of a name a sound makes: a vowel or glide less than a consonant."""
