"""What an import did, in rows of the file."""

from dataclasses import dataclass

from erp_club.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Outcome:
    """`read` = `taken` + `unchanged` + `refused`. `notes` tell what else happened: things created, points earned."""

    kind: str
    read: int
    taken: int
    unchanged: int
    refused: int
    warnings: tuple[Text, ...]
    notes: tuple[Text, ...]


def told(*counted: tuple[int, Text]) -> tuple[Text, ...]:
    """The notes of what there is any of."""
    return tuple(note for count, note in counted if count)
