"""How Hebrew letters sound in names, Hebrew and foreign.

Vowels are mostly left out; alef, he, vav, yod and ayin may stand for them. A geresh makes a letter a foreign sound:
ג׳ is j, צ׳ is ch (rules of the Academy of the Hebrew Language on transliteration into Hebrew). Final forms of letters
are folded before (`spelling.surface`), and every kind of geresh is an apostrophe.
"""

from erp_club.customers.names.script import Script

HEBREW = Script(
    name="hebrew",
    abjad=True,
    graphemes={
        "א": "aeoi:.12",
        "א$": "aeo:.3",
        "ב": "bv",
        "ג": "gJ",
        "ג'": "J",
        "ד": "d",
        "ד'": "dz",
        "דט": "d:.25 t",
        "דז'": "d:.15 JZ",
        "ה": "h:.3",
        "ה$": "aeh:.45",
        "ו": "vwuo:.25",
        "^ו": "vw:.6",
        "ו$": "ouv:.45",
        "וו": "vw",
        "ז": "z",
        "ז'": "ZJ",
        "ח": "xh:.8",
        "ח'": "x",
        "ט": "t",
        "ט'": "dz",
        "טש": "C",
        "י": "yie:.2",
        "י$": "iy:.45",
        "יי": "yie:.2",
        "כ": "kx",
        "ל": "l",
        "מ": "m",
        "מ{בפ}": "mn",
        "נ": "n",
        "ס": "s",
        "ע": "aeoi:.15",
        "^עבדאל{דזטנסצרשת}": "aeoi:.15 bv d aeoi:.12 l:.3",
        "ע'": "gx",
        "פ": "pf",
        "פ$": "fp",
        "צ": "c",
        "צ'": "C",
        "ק": "kq",
        "ר": "r",
        "ר'": "gx",
        "ש": "Ss",
        "ת": "t",
        "ת'": "t",
        "טס": "ct",
        "תס": "ct",
    },
)
