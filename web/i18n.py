"""The reader's language: which one it is, and how a sentence is said in it."""

import datetime as dt
import functools
import gettext
import io
import re
from collections.abc import Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Literal

from babel.core import negotiate_locale
from babel.lists import format_list
from babel.messages.pofile import read_po

from erp_club.kernel.text import Listed, Money, Name, Quantity, Rate, Text

LANGUAGES = {"he": "עברית", "fi": "Suomi", "sv": "Svenska", "en": "English"}
RIGHT_TO_LEFT = frozenset({"he"})
_HEBREW = re.compile("[\u2068\u2067\u200f]?[\u05d0-\u05ea]")
LOCALES = Path(__file__).parent / "locale"

LANGUAGE: ContextVar[str] = ContextVar("language", default="en")
"""Set once a request, before anything is said."""


def speak(language: str | None) -> None:
    """Go on in this language, where it is one of ours: a receipt is the customer's on a page that is the cashier's."""
    if language in LANGUAGES:
        LANGUAGE.set(language)


class Catalogue(gettext.NullTranslations):
    """The messages of a .po file. Where each stands in the code is left out: it is half of the file."""

    def __init__(self, path: Path, language: str) -> None:
        super().__init__()
        said = b"".join(line for line in path.read_bytes().splitlines(keepends=True) if not line.startswith(b"#:"))
        read = read_po(io.BytesIO(said), locale=language)
        self.form = gettext.c2py(read.plural_expr)
        forms = {str(each.id[0] if each.pluralizable else each.id): each.string for each in read if each.id}
        self.words = {msgid: (each,) if isinstance(each, str) else each for msgid, each in forms.items() if each}

    def gettext(self, message: str) -> str:
        return self.words.get(message, (message,))[0]

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        held = self.words.get(msgid1)
        return held[self.form(n)] if held else super().ngettext(msgid1, msgid2, n)


@functools.cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The language's messages, read from its .po file when first asked for; English is what the code says."""
    path = LOCALES / language / "LC_MESSAGES" / "messages.po"
    if language not in LANGUAGES or not path.exists():
        return gettext.NullTranslations()
    return Catalogue(path, language)


def translate(msgid: str) -> str:
    """The word or sentence in the reader's language."""
    return catalogue(LANGUAGE.get()).gettext(msgid)


def translate_number(singular: str, plural: str, number: int) -> str:
    """The form for this number, in the reader's language."""
    return catalogue(LANGUAGE.get()).ngettext(singular, plural, number)


def form_of(text: Text) -> str:
    """The sentence in the reader's language, with its placeholders."""
    return translate(text.msgid) if text.plural is None else translate_number(text.msgid, text.plural, text.number)


def say(text: Text) -> str:
    """A `Text` of the domain in the reader's language, filled in."""
    chosen = form_of(text)
    values = {name: _written(value) for name, value in text.placeholders().items()}
    return chosen % values if values else chosen


def _written(value: object) -> object:
    """A value as it stands in a sentence: dates, amounts and lists by the reader's language."""
    from web import formats  # it needs the language from here

    match value:
        case Text():
            return say(value).removesuffix(".")  # a sentence that stands in another one leaves it the full stop
        case dt.date():
            return formats.date_text(value)
        case dt.time():
            return formats.clock(value)
        case Money():
            return isolated(formats.money_text(value.minor, value.currency, LANGUAGE.get()))
        case Rate():
            return isolated(formats.percent_text(value.bp))
        case Quantity():
            return formats.qty_text(value.milli)
        case Name():
            return isolated(formats.localised(value.texts))
        case Listed():
            return listed([str(_written(item)) for item in value.items], value.joined)
        case str() if LANGUAGE.get() in RIGHT_TO_LEFT or _RIGHT_TO_LEFT_LETTER.search(value):
            return isolated(value)
        case _:
            return value


_RIGHT_TO_LEFT_LETTER = re.compile("[\u0590-\u08ff]")


def listed(words: Sequence[str], joined: Literal["or", "and"]) -> str:
    """Words with commas, and `or` or `and` before the last one, as the language does it.

    Semicolons part what has commas in it.
    """
    if len(words) > 2 and any(", " in word for word in words):
        words = ["; ".join(words[:-1]), words[-1]]
    if joined == "and" and LANGUAGE.get() == "he" and len(words) > 1 and not _HEBREW.match(words[-1]):
        words = [*words[:-1], f"\u05be{words[-1]}"]  # "and" is one letter there, which a maqaf holds off from others
    return format_list(words, style="or" if joined == "or" else "standard", locale=LANGUAGE.get())


def isolated(text: str) -> str:
    """A name or amount inside a sentence that may run in the other direction (Unicode's FSI and PDI)."""
    return f"\u2068{text}\u2069"


def direction(language: str) -> str:
    """`rtl` or `ltr`."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def choose(cookie: str | None, accepted: str, fallback: str = "en") -> str:
    """The language of a request: the reader's own choice, else the first that the browser accepts, else `fallback`."""
    if cookie in LANGUAGES:
        return cookie
    wanted = [part.split(";")[0].strip() for part in accepted.split(",") if part.strip()][:10]
    found = negotiate_locale([_tag(tag) for tag in wanted], list(LANGUAGES), sep="-")
    return found or fallback


def _tag(tag: str) -> str:
    # Browsers of older systems still call Hebrew by its withdrawn code.
    return "he" if tag.lower().startswith("iw") else tag
