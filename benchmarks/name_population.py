"""Synthetic members: common names as common as they are, a long tail of rare ones, four scripts, own spellings.

Five communities share the members. In each the rank of a name decides how common it is (Zipf); four surnames of five
are from the long tail, put together of the parts that names of that community have. Where the development cases know
how else a name is spelt, members are spelt so too; else its letters are carried over one by one. Nothing here is used
by the search.
"""

import random
import re
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
CASES = HERE.parent / "tests" / "customers" / "names_dev.tsv"

SHARES = {"he": 0.42, "ar": 0.13, "ru": 0.17, "fi": 0.14, "sv": 0.14}
SCRIPTS = {
    "he": {"he": 0.74, "la": 0.2, "ru": 0.04, "ar": 0.02},
    "ar": {"ar": 0.52, "he": 0.28, "la": 0.17, "ru": 0.03},
    "ru": {"ru": 0.45, "he": 0.3, "la": 0.22, "ar": 0.03},
    "fi": {"la": 0.92, "ru": 0.05, "he": 0.03},
    "sv": {"la": 0.92, "ru": 0.05, "he": 0.03},
}
"""How the members of a community are written in the chain's books."""
RARE_SURNAME, RARE_GIVEN = 0.8, 0.5
"""Names from the long tail: the hundred commonest surnames of Israel, Finland or Sweden are those of a fifth of the
people, the hundred and fifty commonest given names those of half of them."""
FLAT_GIVEN = 12
FLAT_SURNAMES = {"he": 2, "ar": 12, "ru": 12, "fi": 25, "sv": 4}
"""How little the first names of a list stand out: in Israel Cohen does, in Finland nobody."""
MIDDLE = 0.15
"""Members with a second given name."""


def _pairs(written: str) -> list[tuple[str, str]]:
    """A table of letters and what they become: `sh:ш`, parted by spaces; nothing behind the colon leaves them out."""
    return [(before, after) for before, _, after in (pair.partition(":") for pair in written.split())]


_TO_CYRILLIC = _pairs("""
sch:ш tch:ч sh:ш ch:х tz:ц ts:ц zh:ж kh:х ph:ф th:т ya:я yu:ю ye:е yo:ё ck:к qv:кв oo:у ou:у ee:и x:кс a:а b:б c:к d:д
e:е f:ф g:г h:х i:и j:й k:к l:л m:м n:н o:о p:п q:к r:р s:с t:т u:у v:в w:в y:и z:з ä:я ö:ё å:о é:е
""")
_TO_LATIN = _pairs("""
щ:shch ж:zh ц:ts ч:ch ш:sh х:kh ю:yu я:ya ё:e ь: ъ: а:a б:b в:v г:g д:d е:e з:z и:i й:y к:k л:l м:m н:n о:o п:p р:r
с:s т:t у:u ф:f ы:y э:e і:i
""")
_TO_HEBREW = _pairs("""
sch:ש sh:ש ch:צ' kh:ח ts:צ zh:ז' ya:יה yu:יו th:ת ck:ק x:קס aa:א qv:קוו b:ב d:ד f:פ g:ג h:ה i:י j:י k:ק l:ל m:מ n:נ o:ו
p:פ q:ק r:ר s:ס t:ט u:ו v:ב w:ו y:י z:ז a: e: ä: ö: å: é: c:
""")
_TO_ARABIC = _pairs("""
sh:ش ch:تش kh:خ ts:تس zh:ج th:ث ya:يا yu:يو aa:ا b:ب d:د f:ف g:غ h:ه i:ي j:ي k:ك l:ل m:م n:ن o:و p:ب q:ك r:ر s:س t:ت
u:و v:ف w:و y:ي z:ز a:ا x:كس e: ä: ö: å: é: c:
""")
_FINAL = str.maketrans("כמנפצ", "ךםןףץ")


class Name:
    """One name with its spellings by script, the usual one first."""

    def __init__(self, native: str, latin: str | None = None, spellings: dict[str, list[str]] | None = None):
        self._native, self._latin, self._known = native, latin or native, spellings or {}
        self._made: dict[str, str] = {}

    def written(self, script: str, rng: random.Random) -> str:
        """As one member is written: seven of ten the usual way."""
        known = self._known.get(script)
        if known:
            return known[0] if len(known) == 1 or rng.random() < 0.7 else rng.choice(known[1:])
        if script not in self._made:
            self._made[script] = self._carried_over(script)
        return self._made[script]

    def _carried_over(self, script: str) -> str:
        if _script(self._native) == script:
            return self._native
        latin = self._latin if _script(self._latin) == "la" else _spell(self._latin, _TO_LATIN).title()
        if script == "la":
            return latin
        table = {"ru": _TO_CYRILLIC, "he": _TO_HEBREW, "ar": _TO_ARABIC}[script]
        made = _spell(latin, table)
        if script == "he":
            made = re.sub(r"(\w)\b(?!')", lambda last: last[1].translate(_FINAL), made)
        return (made.title() if script == "ru" else made) or latin


def _script(word: str) -> str:
    first = next((letter for letter in word if letter.isalpha()), "a")
    return next((s for s, (a, b) in {"he": "את", "ru": "Ѐӿ", "ar": "ءۿ"}.items() if a <= first <= b), "la")


def _spell(word: str, table: list[tuple[str, str]]) -> str:
    made, at, word = "", 0, word.lower()
    while at < len(word):
        taken = next(((a, b) for a, b in table if word.startswith(a, at)), (word[at], word[at]))
        made, at = made + taken[1], at + len(taken[0])
    return made


def _known_spellings() -> dict[str, dict[str, list[str]]]:
    """The spellings of the cases' names, by each of them."""
    names: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    rows = [line.rstrip("\n").split("\t") for line in CASES.read_text(encoding="utf-8").splitlines()]
    entries = [row for row in rows if row[0] == "E"]
    for _, key, _kind, _community, script, spelling, _group in entries:
        names[key][script].append(spelling)
    return {entry[5]: names[entry[1]] for entry in entries}


class Choice:
    """Names drawn by rank, the n-th as often as 1 / (n + flat): a larger `flat` lets the first ones stand out less."""

    def __init__(self, flat: int) -> None:
        self._flat = flat
        self._names: list[Name] = []
        self._sums: list[float] = []

    def add(self, name: Name) -> None:
        """One that is less common than those added before."""
        self._names.append(name)
        self._sums.append((self._sums[-1] if self._sums else 0) + 1 / (len(self._names) + self._flat))

    def draw(self, rng: random.Random) -> Name:
        return self._names[bisect(self._sums, rng.random() * self._sums[-1])]


def _commonest() -> dict[tuple[str, str], list[Choice]]:
    known = _known_spellings()
    found: dict[tuple[str, str], list[Choice]] = defaultdict(list)
    heading, listed = ("", ""), set[int]()
    for line in (HERE / "names_common.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            community, kind, *_ = line.strip("[]").split()
            heading = community, kind
        elif not line.startswith("#"):
            choice = Choice(FLAT_SURNAMES[heading[0]] if heading[1] == "surname" else FLAT_GIVEN)
            for written in line.split("; "):
                native, latin = written, None
                if heading[0] in {"he", "ar"}:
                    native, latin = re.fullmatch(r"(.+?) ([A-Z].*)", written).groups()  # type: ignore[union-attr]
                forms = known.get(native) or known.get(latin or "")
                listed.add(id(forms))
                choice.add(Name(native, latin, forms))
            found[heading].append(choice)
    # Names of the cases that the lists don't have are the less common ones.
    rows = (line.split("\t") for line in CASES.read_text(encoding="utf-8").splitlines() if line.startswith("E\t"))
    for _, _key, kind, community, script, spelling, _group in rows:
        forms = known[spelling]
        if id(forms) not in listed and script == {"fi": "la", "sv": "la"}.get(community, community):
            listed.add(id(forms))
            for choice in found[community, {"g": "given", "s": "surname"}[kind]]:
                choice.add(Name(spelling, forms["la"][0], forms))
    return found


_SYLLABLES = {
    "ru": (
        """
        бор гор кол мар тав сол вер дан зим кур лап мол нов пет руб
        сав тим фил хар чер шум ял кри гру сте бла про ми ли та
        ко ре на ду бу жа
        """,
        "ов ев ин енко ский ович ук чук ян ник цев кин лев мин",
    ),
    "fi": (
        """
        Koski Järvi Mäki Salo Lehti Niemi Ranta Hei Kari Pelto Suo Vuori
        Kan Tam Hir Pak Ket Lin Mus Kor Tik Rau Sal Hak Pur
        Var Viita Kivi Oja Halo Nura Sipi Touko Yli Ala Ete Taka
        """,
        "nen la lä mäki niemi koski lahti ranta saari pää kangas järvi oja aho vaara inen onen",
    ),
    "sv": (
        """
        Lind Berg Sjö Björk Ek Gran Hag Dal Strand Holm Sand
        Ny Öst Väst Norr Söder Lund Ros Stål Silver Gyllen Lager Hjort
        Hed Älv Vik Wall Wester Ceder Falk Asp Sten
        """,
        "qvist ström gren lund berg dahl man blad hielm stedt hammar borg vall rud feldt ås by löf mark sten",
    ),
    "de": (
        """
        Gold Silber Rosen Gut Stein Wein Grün Gross Klein Apfel Birn Feld Wald Licht Stern Hirsch Wolf Baum Eisen Perl
        Zucker Mandel Roth Weiss Schwarz Blum Kirsch Kauf Korn Hon
        """,
        "berg stein mann feld baum blatt thal heim stadt zweig bach wasser haus kranz son er man",
    ),
}
_HEBREW_ROOTS = _pairs("א:a ב:b ג:g ד:d ה:h ז:z ח:ch ט:t י:y כ:k ל:l מ:m נ:n ס:s פ:p צ:tz ק:k ר:r ש:sh ת:t")
_HEBREW_ENDS = _pairs("י:i ן:an : ה:a אי:ai וב:ov")
_ARABIC_ROOTS = _pairs(
    "ب:b ت:t ج:j ح:h خ:kh د:d ر:r ز:z س:s ش:sh ص:s ض:d ط:t ع:a غ:gh ف:f ق:q ك:k ل:l م:m ن:n ه:h و:w ي:y"
)
_ARABIC_VOWELS = _pairs("ا:a ي:i و:u :a")
_ARABIC_ENDS = _pairs(": ي:i ة:a ان:an")


def _rare(community: str, rng: random.Random) -> Name:
    if community == "he" and rng.random() < 0.5:
        (a, latin_a), (b, latin_b), (c, latin_c) = rng.choices(_HEBREW_ROOTS, k=3)
        end, sound = rng.choice(_HEBREW_ENDS)
        latin = f"{latin_a}a{latin_b}{rng.choice('aei')}{latin_c}{sound}"
        return Name(a + b + (c + end if end else c.translate(_FINAL)), latin.title())
    if community == "ar":
        (a, latin_a), (b, latin_b), (c, latin_c) = rng.choices(_ARABIC_ROOTS, k=3)
        (vowel, sound), (end, ends) = rng.choice(_ARABIC_VOWELS), rng.choice(_ARABIC_ENDS)
        latin = f"{latin_a}{rng.choice('aeiu')}{latin_b}{sound}{latin_c}{ends}"
        return Name(("ال" if rng.random() < 0.2 else "") + a + b + vowel + c + end, latin.title())
    starts, ends = _SYLLABLES["de" if community == "he" else community]
    parts = rng.choices(
        starts.split(), k=rng.choice((1, 2, 2, 3)) if community in {"ru", "fi"} else rng.choice((1, 1, 2))
    )
    made = "".join(parts) + rng.choice(ends.split())
    return Name(made.title())


def members(count: int, *, seed: int = 1) -> Iterator[tuple[str, str, str]]:
    """So many members: number, given names, family name. The same seed gives the same ones."""
    rng = random.Random(seed)
    common = _commonest()
    communities, shares = list(SHARES), list(SHARES.values())
    scripts = {each: (list(SCRIPTS[each]), list(SCRIPTS[each].values())) for each in SCRIPTS}
    rare: dict[str, list[Name]] = {
        each: [_rare(each, rng) for _ in range(min(20_000, count // 20))] for each in communities
    }
    given = {each: [_rare(each, rng) for _ in range(min(1_500, count // 20))] for each in communities}

    def given_name(community: str) -> Name:
        if rng.random() < RARE_GIVEN:
            return given[community][int(len(given[community]) * rng.random() ** 2)]
        return rng.choice(common[community, "given"]).draw(rng)

    for number in range(1, count + 1):
        community = rng.choices(communities, shares)[0]
        script = rng.choices(*scripts[community])[0]
        names = [given_name(community) for _ in range(2 if rng.random() < MIDDLE else 1)]
        if rng.random() < RARE_SURNAME:
            # Rare ones are of different rarity, and some of them nobody else has.
            family = _rare(community, rng) if rng.random() < 0.12 else rng.choice(rare[community])
        else:
            family = common[community, "surname"][0].draw(rng)
        yield f"M{number:07}", " ".join(name.written(script, rng) for name in names), family.written(script, rng)
