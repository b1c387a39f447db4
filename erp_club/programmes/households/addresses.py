"""Whether two people are registered at one address, however it was typed. Pure."""

import re
import unicodedata

_PART = re.compile(r"\d+|[^\W\d_]+")
_ALIKE = {
    "st": "street", "str": "street", "rd": "road", "ave": "avenue", "av": "avenue", "blvd": "boulevard",
    "sq": "square", "ln": "lane", "שד": "שדרות",
}  # fmt: skip
_UNSAID = {"רחוב", "רח", "דירה", "apt", "apartment", "flat", "as", "asunto", "lgh", "lägenhet", "no", "nr"}
_ENDINGS = (("gatan", "g"), ("vägen", "v"), ("katu", "k"), ("tie", "t"))
"""As they are shortened on letters: Storg. for Storgatan, Hämeenk. for Hämeenkatu."""


def address_key(street: str | None, postcode: str | None, city: str | None) -> str | None:
    """What two ways of writing one address have in common; None where the street isn't known.

    Capitals, points and the order of words don't count, nor words for "street" and "flat" that some leave out. Flats of
    one house differ. Where the postcode is known, the town says nothing more.
    """
    words = [] if street is None else _words(street)
    if not words:
        return None
    place = "".join(_parts(postcode)) if postcode else " ".join(_parts(city or ""))
    return f"{' '.join(sorted(words))}|{place}"


def first_letters(street: str) -> str:
    """Letters that every way of writing the street has: by them others at the address are looked for."""
    return max(_words(street) or [""], key=len)[:4]


def _words(street: str) -> list[str]:
    return [_short(_ALIKE.get(each, each)) for each in _parts(street) if each not in _UNSAID]


def _short(word: str) -> str:
    for ending, letter in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word.removesuffix(ending) + letter
    return word


def _parts(text: str) -> list[str]:
    return _PART.findall(unicodedata.normalize("NFC", text).casefold())
