"""Names as they are stored, and the words that they are compared by. Pure."""

import itertools
import re
import unicodedata
from functools import lru_cache

LONGEST = 200
"""Letters of one name that are kept."""
LONGEST_WORD = 40
"""Letters of a word that are compared."""
MOST_WORDS = 24
"""Words by which one customer is found."""
SHORTEST_BARE = 4
"""Letters that have to be left of a name whose article is taken off: Almasri is Masri, and Alon is not On."""

# Marks that turn the writing direction (UAX #9) and characters of no width, which only serve to disguise a name.
# The joiners U+200C and U+200D stay: Persian and Indian names are spelt with them.
_INVISIBLE = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]")
_SPACE = re.compile(r"\s+")
# What most names are: letters that stay as they are when composed, in words with one space between them.
_TIDY = re.compile("[!-~À-ÖØ-öø-ÿא-תЁА-яёء-غف-ي]+(?: [!-~À-ÖØ-öø-ÿא-תЁА-яёء-غف-ي]+)*")
# Apostrophes, and the Hebrew geresh in its typed and its typographic forms; then what only quotes or joins.
_APOSTROPHE = re.compile("['`\u00b4\u02b9\u02bb\u02bc\u02be\u02bf\u2018\u2019\u2032\u05f3]")
_QUOTE = re.compile("[\"\u201c\u201d\u201e\u05f4\u200c\u200d]|''")
_HYPHEN = re.compile("[-\u058a\u05be\u2010-\u2015\u2212_/]")
_HEBREW_POINTS = re.compile("[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]")
_ARABIC_POINTS = re.compile("[\u0610-\u061a\u064b-\u065f\u0670\u0640]")
# Latin letters that are no letter plus accent in Unicode.
_LATIN = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h"})
FINAL_FORMS = str.maketrans("ךםןףץ", "כמנפצ")
"""Hebrew letters as they are at the end of a word, and as they are elsewhere."""
# Other letters that are one when compared: the seats of hamza, ta marbuta, and ё, which is mostly typed е.
_ALIKE = FINAL_FORMS | str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ة": "ه", "ک": "ك", "ё": "е"}
)
_LOOKALIKE = ("aeopcyxkmtbhi", "аеорсухкмтвні")
_LATIN_LETTERS, _CYRILLIC_LETTERS = re.compile("[a-z]"), re.compile("[\u0400-\u04ff]")
_GERESH_AFTER = frozenset("גזצץתחעדטר")
_ARTICLES = re.compile("(?:ال|אל|al|el|аль|эль|ал)(?=(.+))", re.DOTALL)

PARTICLES = frozenset(
    """
    al el אל аль эль ben bin ibn bat bar בן בת בר бен бат بن بنت abu abou אבו абу ابو أبو de da di la le van von af
    """.split()  # noqa: SIM905 - a list is no easier to read
)
"""Words that many names have and that people leave out."""


def tidy(text: str) -> str:
    """A name as it is stored: composed (NFC), single spaces, without marks that nobody sees.

    >>> tidy("  Anna\\u202e  Lisa ")
    'Anna Lisa'
    """
    if _TIDY.fullmatch(text):
        return text
    shown = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    spaced = "".join(" " if unicodedata.category(letter) in {"Cc", "Cs"} else letter for letter in shown)
    return _SPACE.sub(" ", spaced).strip()


def fold(text: str) -> str:
    """A text as it is compared: without case, and without accents on Latin letters or points on Hebrew ones.

    >>> fold("Nguyễn"), fold("SØRENSEN"), fold("Йосеф")
    ('nguyen', 'sorensen', 'йосеф')
    """
    folded: list[str] = []
    base = ""
    for letter in unicodedata.normalize("NFD", _INVISIBLE.sub("", text).casefold()):
        if not unicodedata.combining(letter):
            base = letter
        elif base.isascii() or _HEBREW_POINTS.match(letter):
            continue
        folded.append(letter)
    # A second time, since folding may have made a letter that folds further (İ, ẞ).
    return unicodedata.normalize("NFC", "".join(folded)).translate(_LATIN)


def words(text: str) -> list[str]:
    """The words of a name or of what was typed, as they are read aloud: in small letters, with accents and geresh.

    Hyphens stay, between the parts of one word. Points of Hebrew and Arabic are taken out; a word that mixes Latin
    letters with Cyrillic ones that look the same is taken for the script that has more of them. Signs are words where
    there is nothing else.

    >>> words("🙂 !")
    ['🙂']
    >>> words("Yaël O’Brien, ג׳ורג׳ בן־דוד")
    ['yaël', "o'brien", "ג'ורג'", 'בן-דוד']
    """
    shown = unicodedata.normalize("NFC", _INVISIBLE.sub("", text).casefold())
    shown = _APOSTROPHE.sub("'", _ARABIC_POINTS.sub("", _HEBREW_POINTS.sub("", shown)))
    shown = _HYPHEN.sub("-", _QUOTE.sub("", shown))
    for kinds in ("LMN", "S"):
        spaced = "".join(each if each in "'-" or unicodedata.category(each)[0] in kinds else " " for each in shown)
        found = (_one_script(_trimmed(word)) for word in spaced.split())
        if kept := [word[:LONGEST_WORD] for word in found if word.strip("'-")]:
            return kept
    return []


def parts(word: str) -> list[str]:
    """The parts of a word with hyphens; else the word itself."""
    return [part for part in map(_trimmed, word.split("-")) if part.strip("'")]


@lru_cache(maxsize=50_000)
def surface(word: str) -> str:
    """A word's bare letters, by which two spellings are the same: no marks, no apostrophes, no final forms.

    >>> surface("o'brien"), surface("כץ"), surface("söderström")
    ('obrien', 'כצ', 'soderstrom')
    """
    return fold(word).replace("'", "").replace("-", "").translate(_ALIKE)


def bare(word: str) -> str | None:
    """The word without an Arabic article that is written on to it, where enough is left.

    >>> bare("المصري"), bare("elmasri"), bare("alon")
    ('مصري', 'masri', None)
    """
    found = _ARTICLES.match(word)
    return found[1].lstrip("'") if found and len(found[1]) >= SHORTEST_BARE else None


def index_words(*names: str | None) -> frozenset[str]:
    """Every word by which a customer of these names is found.

    A word with hyphens counts whole and by its parts, as does one with an apostrophe inside; two words of one name also
    count as one (`Bat Sheva` is Batsheva), and a word with an article also without it.
    """
    found = dict.fromkeys(word for name in names if name for word in _index_words(name))
    return frozenset(list(found)[:MOST_WORDS])


@lru_cache(maxsize=50_000)
def _index_words(name: str) -> tuple[str, ...]:
    """Those of one name, which many people have: kept, since a file of a million has each common one thousands of
    times."""
    written = words(name)
    single = [part for word in written for part in parts(word)]
    joined = [word.replace("-", "") for word in written]
    pairs = [one + other for one, other in itertools.pairwise(joined)]
    inside = [part for part in single for part in _inside(part)]
    articles = [plain for each in (*single, *joined) if (plain := bare(each))]
    return tuple(dict.fromkeys(word[:LONGEST_WORD] for word in (*single, *joined, *articles, *pairs, *inside)))


def _inside(word: str) -> list[str]:
    """What stands behind an apostrophe inside a word: Brien of O'Brien; a geresh only marks its letter."""
    _, apostrophe, rest = word.partition("'")
    return [rest] if apostrophe and rest.isascii() and len(rest) > 2 else []


def _trimmed(word: str) -> str:
    """Without hyphens and apostrophes around it, except the geresh of a last letter."""
    inner = word.strip("'-")
    return (
        f"{inner}'"
        if inner and inner[-1] in _GERESH_AFTER and word.startswith(f"{inner}'", word.find(inner))
        else inner
    )


def _one_script(word: str) -> str:
    latin, cyrillic = len(_LATIN_LETTERS.findall(word)), len(_CYRILLIC_LETTERS.findall(word))
    if not latin or not cyrillic:
        return word
    looks, like = _LOOKALIKE if cyrillic >= latin else reversed(_LOOKALIKE)
    return word.translate(str.maketrans(looks, like))
