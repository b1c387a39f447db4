"""What a check finds in a programme. Pure."""

from dataclasses import dataclass

from erp_club.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, at which place of the document; a `stops` keeps it from being published."""

    path: str
    text: Text
    stops: bool = True
