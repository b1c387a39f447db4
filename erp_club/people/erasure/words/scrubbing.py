"""Taking a person out of texts: what names the person becomes a dash, wherever it stands as a word. Pure.

The rule: a given name beside a family name, in either order and any of the scripts that were kept; phone numbers in any
spacing; the e-mail address; numbers of documents and cards; the customer's number and own identifier. A given or family
name alone is many people's and stays, and so does what is short enough to be anything (`LEAST`, `LEAST_DIGITS`).
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from erp_club.people.erasure.words.spellings import (
    bare,
    document,
    inland,
    letters,
    phone,
    sought,
    sought_digits,
    whole_names,
)

GONE = "–"
LEAST = 4
"""A shorter word is many things; it goes only where it is all that a text says."""
LEAST_DIGITS = 6
"""A shorter number is an amount, a year, a row of a file."""
_CODE = re.compile("[A-Za-z0-9][A-Za-z0-9_.-]*")
LANGUAGES = frozenset({"en", "he", "fi", "sv"})


@dataclass(frozen=True, slots=True)
class Secrets:
    """What names somebody: names by their kind, in all scripts, and what nobody else has."""

    given: frozenset[str] = frozenset()
    family: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    documents: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    """The customer's numbers and own identifiers."""

    @property
    def told(self) -> frozenset[str]:
        """All that nobody else has, as it is kept."""
        return self.emails | self.phones | self.documents | self.codes


class Scrubber:
    """Knows what names people; `renamed` are names of ours that changed, which documents tell whole."""

    def __init__(self, *people: Secrets) -> None:
        self.renamed: dict[str, str] = {}
        self.kept: Collection[str] = ()
        """Names by which rules find goods, where somebody is called alike."""
        self._whole = {told.casefold() for each in people for told in each.told}
        codes = [code for each in people for code in each.codes]
        whole = [whole_names(each.given, each.family) for each in people]
        names = [*(each for each in whole if each), *(letters(email) for each in people for email in each.emails)]
        numbers = [phone(number) for each in people for number in each.phones]
        numbers += [document(number) for each in people for number in each.documents]
        others = [*(each for each in numbers if each), *(letters(each) for each in codes if _telling(each))]
        self._names, self._others = _compiled(names), _compiled(others)
        self._words = _compiled([*names, *others])
        self._all = _compiled([*names, *others, *map(letters, codes)])
        self.names = [(_sought(each.given), _sought(each.family)) for each in people]
        """Of each person, patterns of LIKE for small letters; without one of the two the other says all."""
        self.alone = [pattern for each in people for pattern in _sought_alone(each)]
        self.sought = [*(pattern for pair in self.names for side in pair for pattern in side), *self.alone]
        """What names somebody matches one of `alone`, or of both sides of a pair of `names`."""

    def text(self, told: str) -> str:
        """A text without the person.

        >>> Scrubber(Secrets(emails=frozenset({"y@example.org"}), codes=frozenset({"M1"}))).text("y@example.org of M1")
        '– of M1'
        """
        if told.casefold() in self._whole:
            return GONE
        return self._words.sub(GONE, told)

    def line(self, told: str) -> str:
        """What somebody typed, or a name that it is called by; a short one is never the person's own.

        >>> Scrubber(Secrets(codes=frozenset({"Gold"}))).line("Gold")
        'Gold'
        """
        return self._words.sub(GONE, told)

    def code(self, told: str) -> str:
        """A key by which rows and rules find each other: it goes with a name that was changed, and numbers stay."""
        return self.renamed.get(told) or (told if self._is_key(told) else self._names.sub(GONE, told))

    def _is_key(self, told: str) -> bool:
        """Whether it is the code of something, or what goods are called: without it rules would find that no more."""
        return told in self.kept or _CODE.fullmatch(told) is not None

    def answer(self, told: str) -> bool:
        """Whether an answer tells of the person: any code of the customer's is enough."""
        return self._all.search(told) is not None

    def document(self, told: Any) -> Any:
        """A JSON document without the person, in its values and in the names of its fields; numbers stay numbers."""
        match told:
            case str():
                key = self._is_key(told) and told.casefold() not in self._whole
                return self.renamed.get(told) or (self._others.sub(GONE, told) if key else self.text(told))
            case list():
                return [self.document(each) for each in told]  # pyright: ignore[reportUnknownVariableType]
            case dict():
                return {self.text(str(key)): self.document(each) for key, each in told.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            case _:
                return told

    def terms(self, told: Any, *, words: bool = False) -> Any:
        """Rules as a document: what people read, by language, without the person; codes as `code` has them."""
        match told:
            case str():
                return self.line(told) if words else self.code(told)
            case list():
                return [self.terms(each, words=words) for each in told]  # pyright: ignore[reportUnknownVariableType]
            case dict():
                read = told.keys() <= LANGUAGES  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
                return {key: self.terms(each, words=read) for key, each in told.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            case _:
                return told


def _compiled(parts: list[str]) -> re.Pattern[str]:
    """As words: a number that goes on is another one. Without parts it finds nothing."""
    return re.compile(rf"(?<![\w@])(?:{'|'.join(parts)})(?![\w@])" if parts else r"(?!)")


def _sought(names: Collection[str]) -> list[str]:
    words = {word for name in names for word in re.findall(r"\w+", name)}
    return [each for word in words for each in sought(word)]


def _sought_alone(secrets: Secrets) -> list[str]:
    numbers = [inland(each)[1] for each in secrets.phones] + [bare(each) for each in secrets.documents]
    texts = [each for text in (*secrets.emails, *secrets.codes) for each in sought(text)]
    return [*texts, *(each for number in numbers if number for each in sought_digits(number))]


def _telling(code: str) -> bool:
    """Whether a code tells of its customer amid other words."""
    return len(code) >= (LEAST_DIGITS if code.isdigit() else LEAST) and any(each.isdigit() for each in code)
