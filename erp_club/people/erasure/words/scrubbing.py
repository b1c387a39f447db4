"""Taking a person out of documents: what names the person becomes a dash, wherever it stands as a word. Pure."""

import re
from collections.abc import Collection
from typing import Any

GONE = "–"
LEAST = 4
"""A shorter word is many things; it goes only where it is all that a text says."""


class Scrubber:
    """Knows what names a person, in any case of letters."""

    def __init__(self, secrets: Collection[str]) -> None:
        self._whole = {each.casefold() for each in secrets}
        long = sorted((each for each in secrets if len(each) >= LEAST), key=len, reverse=True)
        self._words = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, long))})(?!\w)", re.IGNORECASE) if long else None

    def text(self, told: str) -> str:
        """A text without the person.

        >>> Scrubber(["M1", "yael@example.org"]).text("told yael@example.org of M1, M10 and M1")
        'told – of M1, M10 and M1'
        """
        if told.casefold() in self._whole:
            return GONE
        return self._words.sub(GONE, told) if self._words else told

    def document(self, told: Any) -> Any:
        """A JSON document without the person, in its values and in the names of its fields; numbers stay numbers."""
        match told:
            case str():
                return self.text(told)
            case list():
                return [self.document(each) for each in told]  # pyright: ignore[reportUnknownVariableType]
            case dict():
                return {self.text(str(key)): self.document(each) for key, each in told.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            case _:
                return told
