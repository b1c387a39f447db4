"""Sentences for people, made where the reason is known and translated where the reader is known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence in English (the msgid of the catalogues) with its named values.

    With `plural`, `number` chooses the form and is itself available as `%(num)s`.
    """

    msgid: str
    values: Mapping[str, object] = field(default_factory=dict[str, object])
    plural: str | None = None
    number: int = 0

    def __str__(self) -> str:
        """The English sentence, for logs and for readers without a catalogue."""
        chosen = self.msgid if self.plural is None or self.number == 1 else self.plural
        return chosen % self.placeholders() if self.values or self.plural else chosen

    def placeholders(self) -> dict[str, object]:
        """What the translated sentence is filled with."""
        return dict(self.values) if self.plural is None else {"num": self.number, **self.values}


def T(msgid: str, /, **values: object) -> Text:  # noqa: N802 - a short mark, like gettext's _
    """Mark a sentence for the catalogues: `T("No product has the code %(code)s.", code=code)`."""
    return Text(msgid, values)


def TN(msgid: str, plural: str, number: int, /, **values: object) -> Text:  # noqa: N802
    """Mark a sentence that depends on a number: `TN("%(num)s point", "%(num)s points", n)`."""
    return Text(msgid, values, plural, number)


def days(number: int) -> Text:
    """So many days, inside a sentence that names several numbers."""
    return TN("%(num)s day", "%(num)s days", number)


def N_(msgid: str) -> str:  # noqa: N802
    """Mark a bare word for the catalogues where it is only named, e.g. in an enum's label."""
    return msgid


# Values that stand in a sentence as the reader's language writes them. Dates and other texts do too.


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of a currency."""

    minor: int
    currency: str

    def __str__(self) -> str:
        return f"{self.minor // 100}.{self.minor % 100:02d} {self.currency}"


@dataclass(frozen=True, slots=True)
class Rate:
    """A share in basis points: 1000 is 10 %."""

    bp: int

    def __str__(self) -> str:
        return f"{self.bp / 100:g}%"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in thousandths: 1500 is 1.5."""

    milli: int

    def __str__(self) -> str:
        return f"{self.milli / 1000:g}"


def named_in(names: Mapping[Any, str], language: str) -> str:
    """The name in this language, else in English, else whichever there is."""
    return names.get(language) or names.get("en") or next(iter(names.values()), "")


@dataclass(frozen=True, slots=True)
class Name:
    """Somebody's word, which may run in the other direction; by language where there are several."""

    texts: Mapping[str, str]

    def __str__(self) -> str:
        return named_in(self.texts, "en")


@dataclass(frozen=True, slots=True)
class Listed:
    """Several values with `or` or `and` before the last one."""

    items: tuple[object, ...]
    joined: Literal["or", "and"] = "or"

    def __str__(self) -> str:
        words = [str(item) for item in self.items]
        return f" {self.joined} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
