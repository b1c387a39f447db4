"""The sounds of all scripts by number. Pure."""

from erp_club.customers.names.arabic import ARABIC
from erp_club.customers.names.cyrillic import CYRILLIC
from erp_club.customers.names.hebrew import HEBREW
from erp_club.customers.names.latin import LATIN

_TABLES = (HEBREW, ARABIC, CYRILLIC, LATIN)
SOUNDS = tuple(
    sorted({sound for table in _TABLES for sound in table.sounds()}, key=lambda sound: (sound.phonemes, sound.dropped))
)
"""Every sound of every table; its number is its place here plus one, 0 is none."""

NUMBERS = {sound: number for number, sound in enumerate(SOUNDS, 1)}
